import { CostModel } from '../../../src/scheduling/cost-model.ts';
import type { Entry } from '../../../src/scheduling/entry.ts';
import { Interference } from '../../../src/scheduling/interference.ts';
import type { Lane } from '../../../src/scheduling/lane.ts';
import { Scheduler, type SchedulerOptions } from '../../../src/scheduling/scheduler.ts';

/** An entry that asks for little: one row, any lane, due in a second after time 0. */
export const entryOf = (fields: Partial<Entry> = {}): Entry => ({
  rows: 1,
  length: 1,
  acceptedAt: 0,
  deadline: 1000,
  patient: false,
  priority: 1,
  client: '',
  allowed: 0x7fff_ffff,
  route: 'free',
  preference: 'accuracy',
  key: '',
  bytes: 0,
  weight: 1,
  demand: 0,
  latest: 0,
  batch: 0,
  startBy: Infinity,
  taken: false,
  sequence: 0,
  block: undefined,
  ...fields,
});

export interface LaneShape {
  readonly accuracy?: number;
  /** Milliseconds of a batch: fixed, per row, per row and unit of length. */
  readonly fixed?: number;
  readonly perRow?: number;
  readonly maxBatchSize?: number;
  readonly maxTokens?: number;
  readonly freeSlots?: number;
  readonly concurrency?: number;
}

/** Cost exactly `fixed + perRow x rows x length`, known from a sweep, without any spread. */
export function costOf(fixed: number, perRow: number, lengths: readonly number[] = [1]): CostModel {
  const cost = new CostModel(new Interference());
  cost.sweep(
    lengths.flatMap((length) =>
      [1, 2, 4, 8].map((rows) => ({ rows, length, latency: fixed + perRow * rows * length })),
    ),
  );
  for (let i = 0; i < 3000; i++) {
    const rows = 1 + (i % 8);
    const length = lengths[i % lengths.length] ?? 1;
    cost.observe({ rows, length, latency: fixed + perRow * rows * length });
  }
  return cost;
}

export const laneOf = (index: number, shape: LaneShape = {}, lengths?: readonly number[]): Lane => ({
  index,
  variant: `v${index}`,
  accuracy: shape.accuracy ?? 0.9,
  cost: costOf(shape.fixed ?? 4, shape.perRow ?? 1, lengths),
  maxBatchSize: shape.maxBatchSize ?? 16,
  maxTokens: shape.maxTokens ?? Infinity,
  freeSlots: shape.freeSlots ?? 1,
  ...(shape.concurrency === undefined ? {} : { concurrency: shape.concurrency }),
});

/** The variants of the cases: best (9 + 4 b ms), middle (6 + 2 b ms), fast (4 + b ms). */
export const THREE: readonly LaneShape[] = [
  { accuracy: 0.95, fixed: 9, perRow: 4 },
  { accuracy: 0.92, fixed: 6, perRow: 2 },
  { accuracy: 0.87, fixed: 4, perRow: 1 },
];

export function schedulerOf(
  shapes: readonly LaneShape[],
  options: Partial<SchedulerOptions> = {},
): Scheduler<Entry> {
  return new Scheduler<Entry>({
    lanes: shapes.map((shape, index) => laneOf(index, shape)),
    slots: () => 1,
    interference: new Interference(),
    limits: { entries: 1000, bytes: Infinity },
    sojourn: { target: 50, interval: 200 },
    ...options,
  });
}
