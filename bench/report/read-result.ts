import { z } from 'zod';
import { describeIssues } from '../../src/repository/schema-issues.ts';
import { FORMAT } from '../suite/result.ts';

/** JSON has no NaN: the latency of a window without answers is null. */
const FIGURE = z.number().nullable();

const WINDOW = z.object({
  rows: FIGURE,
  p50: FIGURE,
  p99: FIGURE,
  failed: z.number(),
  sent: z.number().positive().optional(),
});

const POINT = z.object({
  scenario: z.string(),
  label: z.string(),
  throughput: z.number(),
  windows: z.array(WINDOW.readonly()).readonly(),
  latency: z.object({ count: z.number() }).readonly(),
  failures: z.record(z.string(), z.number()).readonly(),
  invalid: z.array(z.string()).readonly(),
  ceilings: z.array(z.number().positive()).readonly().optional(),
  headline: z.object({ value: z.number().optional(), limit: z.string().optional() }).readonly().optional(),
});

const TRAFFIC = z.object({
  model: z.string(),
  weight: z.number(),
  rows: z.number(),
  lengths: z.unknown().optional(),
  largestId: z.number().optional(),
  texts: z.object({ count: z.number(), sha256: z.string() }).readonly().optional(),
});

const SETTING = z.object({
  target: z.object({ protocol: z.string() }).readonly(),
  traffic: z.array(TRAFFIC.readonly()).readonly(),
  seed: z.number(),
  ceiling: z.object({ sessions: z.number() }).readonly().optional(),
  machine: z.object({ processor: z.string(), cores: z.number() }).readonly(),
});

const RESULT = SETTING.extend({ format: z.literal(FORMAT), points: z.array(POINT.readonly()).readonly() });

/** The part of a run's result that runs are compared by. */
export type ComparedResult = z.infer<typeof RESULT>;
export type ComparedPoint = z.infer<typeof POINT>;
export type ComparedWindow = ComparedPoint['windows'][number];

/** Reads what `--json` wrote. Throws with the file's name, and what is wrong with it, where it is something else. */
export function parseResult(text: string, name: string): ComparedResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${name} is not JSON`);
  }
  const { data, error } = RESULT.safeParse(value);
  if (data !== undefined) return data;
  throw new Error(`${name} is not a result of this suite (${FORMAT}): ${describeIssues(error)}`);
}
