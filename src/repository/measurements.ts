import { z } from 'zod';
import type { MeasuredVariant } from './variants-file.ts';

/** A key that is missing, or not what it should be, is undefined: the figures are shown, nothing depends on them. */
const shown = <Schema extends z.ZodType>(schema: Schema) => schema.optional().catch(undefined);

const share = z.number().min(0).max(1);
const count = z.int().min(0);
const milliseconds = z.number().positive();

const evaluationSchema = z.looseObject({
  sample: shown(z.string()),
  n: shown(count),
  ci95: shown(z.tuple([share, share])),
  macro_f1: shown(share),
  ece: shown(share),
  oos_n: shown(count),
  oos_recall: shown(share),
  oos_false_alarm: shown(share),
  per_class_recall: shown(z.record(z.string(), share)),
  slices: shown(z.record(z.string(), z.object({ n: count, accuracy: share.nullable() }))),
  worst_confusions: shown(z.array(z.object({ true: z.string(), predicted: z.string(), count }))),
});

const latencySchema = z.looseObject({
  cpu: shown(z.string()),
  threads: shown(z.int().positive()),
  sequence: shown(z.int().positive()),
  ms: shown(z.partialRecord(z.enum(['1', '4', '16']), milliseconds)),
});

/** Batch sizes that the factory measures. */
export const MEASURED_BATCHES = ['1', '4', '16'] as const;
export type MeasuredBatch = (typeof MEASURED_BATCHES)[number];

/** Accuracy and its company; shares are fractions, 0 to 1. Keys that only some families have are kept as they are. */
export type Evaluation = z.output<typeof evaluationSchema>;

/** Of one run on a named CPU; `ms` by batch size. */
export type Latency = z.output<typeof latencySchema>;

export interface Measurements {
  readonly evaluation: Evaluation;
  readonly latency: Latency;
  /** What was done, step by step. */
  readonly lineage: readonly string[];
}

/** The figures of a variant as far as variants.json has them. Never throws: a figure of another form is left out. */
export function measurementsOf({ evaluation, latency, lineage }: MeasuredVariant): Measurements {
  return {
    evaluation: evaluationSchema.parse(evaluation ?? {}),
    latency: latencySchema.parse(latency ?? {}),
    lineage: Array.isArray(lineage)
      ? lineage.map(String)
      : Object.entries(lineage ?? {}).map(([step, value]) => `${step}: ${asText(value)}`),
  };
}

/** How many times faster than `slow` a variant is, at a batch of 16; undefined where one was not measured. */
export function speedUp(variant: Latency, slow: Latency): number | undefined {
  const [own, other] = [variant.ms?.['16'], slow.ms?.['16']];
  return own === undefined || other === undefined ? undefined : other / own;
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
