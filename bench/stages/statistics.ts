import type { Counters } from './stages.ts';

interface Duration {
  readonly count?: unknown;
  readonly ns?: unknown;
}

/** The statistics extension, over REST (numbers) or gRPC (Longs). */
export interface StatisticsAnswer {
  readonly model_stats?:
    | readonly {
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

const ZERO: Counters = { count: 0, queue: 0, computeInput: 0, computeInfer: 0, computeOutput: 0 };

/** Counters of all versions of one model. */
export function countersOf({ model_stats: versions }: StatisticsAnswer): Counters {
  let sum = ZERO;
  for (const { inference_stats: stats } of versions ?? []) {
    const seconds = (duration?: Duration | null): number => Number(duration?.ns ?? 0) / 1e9;
    sum = add(sum, {
      count: Number(stats?.success?.count ?? 0),
      queue: seconds(stats?.queue),
      computeInput: seconds(stats?.compute_input),
      computeInfer: seconds(stats?.compute_infer),
      computeOutput: seconds(stats?.compute_output),
    });
  }
  return sum;
}

export const sumOf = (list: readonly Counters[]): Counters => list.reduce(add, ZERO);

const add = (a: Counters, b: Counters): Counters => ({
  count: a.count + b.count,
  queue: a.queue + b.queue,
  computeInput: a.computeInput + b.computeInput,
  computeInfer: a.computeInfer + b.computeInfer,
  computeOutput: a.computeOutput + b.computeOutput,
});
