import { ScheduledBatcher } from '../../../src/batching/scheduled-batcher.ts';
import type { InferenceError, RejectReason } from '../../../src/errors.ts';
import type { BatchRecord } from '../../../src/inference/observer.ts';
import type { RunOptions } from '../../../src/inference/runner.ts';
import type { Batching, Signature } from '../../../src/inference/signature.ts';
import { NO_TIME, type Timings } from '../../../src/inference/timings.ts';
import { CostModel } from '../../../src/scheduling/cost-model.ts';
import { Interference } from '../../../src/scheduling/interference.ts';
import type { TensorMap } from '../../../src/tensor/tensor.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { PuppetRunner } from '../../support/puppet-runner.ts';
import { BATCHING, double, SIGNATURE, valuesOf, type Watched } from './batcher-fixture.ts';

export interface LaneSetting {
  readonly variant: string;
  readonly accuracy: number;
  /** Milliseconds of a batch: a constant, and more for each row. */
  readonly fixed: number;
  readonly perRow: number;
}

/** The accurate one takes 20 ms and 10 for each row, the fast one a quarter of that. */
export const LANES: readonly LaneSetting[] = [
  { variant: 'best', accuracy: 0.95, fixed: 20, perRow: 10 },
  { variant: 'fast', accuracy: 0.9, fixed: 5, perRow: 2.5 },
];

export interface ScheduledSetting {
  readonly lanes?: readonly LaneSetting[];
  readonly batching?: Partial<Batching>;
  readonly slots?: number;
  /** Of the inputs of all requests in flight; a gigabyte when left out. */
  readonly maxBytes?: number;
  /** Runs that each lane takes while its slots are taken; none when left out. */
  readonly ahead?: number;
  readonly timings?: Timings;
  readonly model?: (inputs: TensorMap) => TensorMap;
  /** Signature and padded tensors; nothing is padded when left out. */
  readonly padded?: { readonly inputs: ReadonlySet<string>; readonly outputs: ReadonlySet<string> };
  readonly signature?: Signature;
}

/** A scheduled batcher over puppets, one for each lane, and a clock that stands still. */
export function setUpScheduled(setting: ScheduledSetting = {}) {
  const { lanes = LANES, slots = 1, ahead = 0, model = double, padded, signature = SIGNATURE } = setting;
  const { timings = NO_TIME, maxBytes = 1e9 } = setting;
  const clock = new FakeClock();
  const batching = { ...BATCHING, ...setting.batching };
  const interference = new Interference();
  const batches: (BatchRecord & { variant: string })[] = [];
  const rejected: RejectReason[] = [];
  const depths: number[] = [];
  const runners = lanes.map(() => new PuppetRunner({ model, slots, ahead, timings }));
  const batcher = new ScheduledBatcher({
    lanes: lanes.map(({ variant, accuracy, fixed, perRow }, index) => {
      const runner = runners[index] as PuppetRunner;
      const cost = new CostModel(interference);
      cost.sweep([1, 2, 4, 8].map((rows) => ({ rows, length: 1, latency: fixed + perRow * rows })));
      return {
        index,
        variant,
        accuracy,
        cost,
        maxBatchSize: Math.max(1, batching.maxBatchSize),
        maxTokens: Infinity,
        get freeSlots() {
          return runner.freeSlots;
        },
        get concurrency() {
          return runner.concurrency;
        },
        get slotsAhead() {
          return runner.slotsAhead;
        },
        runner,
        observer: {
          requestEnded() {},
          requestRejected: (reason: RejectReason) => void rejected.push(reason),
          batchEnded: (record: BatchRecord) => void batches.push({ ...record, variant }),
          queueChanged() {},
        },
      };
    }),
    signature,
    batching,
    ...(padded === undefined ? {} : { padded }),
    interference,
    settings: {
      slots: { count: slots, ran() {} },
      maxBytes,
      patience: 10_000,
      sojourn: { target: 5000, interval: 10_000 },
    },
    queueChanged: (depth) => void depths.push(depth),
    clock,
  });
  const run = (inputs: TensorMap, options?: RunOptions): Watched => {
    const watched: Watched = {
      promise: batcher.run(inputs, options),
      outcome: undefined,
      error: undefined,
      result: undefined,
    };
    watched.promise.then(
      (result) => {
        watched.result = result;
        watched.outcome = valuesOf(result.outputs, 'y');
      },
      (error: InferenceError) => {
        watched.error = error;
        watched.outcome = error.code;
      },
    );
    return watched;
  };
  /** Every run that has started and not ended, over all lanes. */
  const active = () => runners.flatMap((runner) => runner.active.map((_, place) => ({ runner, place })));
  return { batcher, runners, clock, batches, rejected, depths, run, active };
}
