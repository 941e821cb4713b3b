import type { Counters } from './stages.ts';

interface Duration {
  readonly count?: unknown;
  readonly ns?: unknown;
}

/** The statistics extension, over REST (numbers) or gRPC (Longs). */
export interface StatisticsAnswer {
  readonly model_stats?:
    | readonly {
        readonly inference_count?: unknown;
        readonly execution_count?: unknown;
        readonly inference_stats?: Readonly<
          Partial<
            Record<
              'success' | 'queue' | 'compute_input' | 'compute_infer' | 'compute_output',
              Duration | null
            >
          >
        > | null;
      }[]
    | null;
}

const ZERO = {
  count: 0,
  queue: 0,
  computeInput: 0,
  computeInfer: 0,
  computeOutput: 0,
  batches: { count: 0, rows: 0 },
} satisfies Counters;

type Statistics = typeof ZERO;

/** Counters of all versions of one model. */
export function countersOf({ model_stats: versions }: StatisticsAnswer): Statistics {
  let sum = ZERO;
  for (const { inference_stats: stats, inference_count: rows, execution_count: count } of versions ?? []) {
    const seconds = (duration?: Duration | null): number => Number(duration?.ns ?? 0) / 1e9;
    sum = add(sum, {
      count: Number(stats?.success?.count ?? 0),
      queue: seconds(stats?.queue),
      computeInput: seconds(stats?.compute_input),
      computeInfer: seconds(stats?.compute_infer),
      computeOutput: seconds(stats?.compute_output),
      batches: { count: Number(count ?? 0), rows: Number(rows ?? 0) },
    });
  }
  return sum;
}

export const sumOf = (list: readonly Statistics[]): Counters => list.reduce(add, ZERO);

const add = (a: Statistics, b: Statistics): Statistics => ({
  count: a.count + b.count,
  queue: a.queue + b.queue,
  computeInput: a.computeInput + b.computeInput,
  computeInfer: a.computeInfer + b.computeInfer,
  computeOutput: a.computeOutput + b.computeOutput,
  batches: { count: a.batches.count + b.batches.count, rows: a.batches.rows + b.batches.rows },
});
