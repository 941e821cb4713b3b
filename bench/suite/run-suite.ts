import { createHash } from 'node:crypto';
import { Ceiling } from '../ceiling/ceiling.ts';
import type { CeilingSetup } from '../ceiling/ceiling-messages.ts';
import type { Read, Traffic } from '../inputs/requests.ts';
import { Generator } from '../load/generator-process.ts';
import { describeMachine } from '../machine/describe.ts';
import { checkAdmin, countersReader } from '../stages/read-counters.ts';
import type { TargetSpec } from '../targets/target.ts';
import { missingModels } from './figures.ts';
import type { Bench, Progress } from './measure.ts';
import { FORMAT, type Point, type Scenario, type SentTraffic, type SuiteResult } from './result.ts';
import { runScenario, type ScenarioOptions } from './scenarios.ts';

export interface SuiteOptions extends ScenarioOptions {
  readonly target: TargetSpec;
  /** Address of this server's metrics, where it is one. */
  readonly admin?: string;
  readonly serverPid?: number;
  readonly traffic: readonly Traffic[];
  readonly scenarios: readonly Scenario[];
  /** Milliseconds. */
  readonly window: number;
  readonly warmUp: number;
  readonly mostWindows: number;
  /** Measures the ceiling beside every point, with so many sessions. */
  readonly ceiling?: { readonly setup: CeilingSetup; readonly sessions: number };
}

/** Milliseconds of bare runs, at most a window. */
const CEILING_WINDOW = 1000;

/** Runs the scenarios one after the other. Rejects with the reason where the target cannot be measured at all. */
export async function runSuite(options: SuiteOptions, progress: Progress): Promise<SuiteResult> {
  const { target, traffic, seed, admin, serverPid, window, warmUp, mostWindows } = options;
  const started = new Date().toISOString();
  const machine = describeMachine();
  progress.status(`asking ${target.address}`);
  await using generator = await Generator.open({ target, traffic, seed });
  checkTexts(traffic, generator.read);
  const models = traffic.map(({ model }) => model);
  if (admin !== undefined) await checkAdmin(admin, models);
  progress.status('looking for the ceiling');
  const short = Math.min(CEILING_WINDOW, window);
  await using ceiling =
    options.ceiling && (await Ceiling.open(options.ceiling.setup, options.ceiling.sessions, short));
  const bare = await ceiling?.latency(short);
  const bench: Bench = {
    generator,
    counters: countersReader(target, traffic, admin),
    ...(ceiling === undefined ? {} : { ceiling: () => ceiling.rowsPerSecond(short) }),
    ...(serverPid === undefined ? {} : { serverPid }),
    window,
    warmUp,
    mostWindows,
    progress,
  };
  const points: Point[] = [];
  for (const scenario of options.scenarios) {
    for (const measured of await runScenario(scenario, bench, options)) {
      const point = { ...measured, invalid: [...measured.invalid, ...missingModels(measured, models)] };
      points.push(point);
      progress.point(point);
    }
  }
  return {
    format: FORMAT,
    started,
    machine,
    target,
    traffic: traffic.map((each, index) => sentTraffic(each, generator.read[index])),
    seed,
    ...(ceiling === undefined || bare === undefined
      ? {}
      : {
          ceiling: { sessions: ceiling.threads, bestBatch: ceiling.bestBatch, p50: bare.quantile(0.5) },
        }),
    points,
  };
}

/** Texts that no request has would look like those that were sent. */
function checkTexts(traffic: readonly Traffic[], read: readonly Read[]): void {
  if (traffic.every(({ texts }) => texts === undefined) || read.some(({ texts }) => texts)) return;
  const models = traffic.map(({ model }) => `'${model}'`).join(', ');
  throw new Error(`--texts is given, but ${models} has no input of BYTES that they could go into`);
}

const sentTraffic = (
  { model, weight, rows, lengths, largestId, texts }: Traffic,
  read: Read | undefined,
): SentTraffic => ({
  ...{ model, weight, rows },
  ...(read?.lengths === true ? { lengths } : {}),
  ...(read?.largestId === true ? { largestId } : {}),
  ...(read?.texts === true && texts !== undefined
    ? {
        texts: { count: texts.length, sha256: createHash('sha256').update(texts.join('\n')).digest('hex') },
      }
    : {}),
});
