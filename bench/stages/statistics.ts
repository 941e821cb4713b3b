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
              'success' | 'queue' | 'compute_input' | 'compute_infer' | 'compute_output' | 'cache_hit',
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
  reused: { coalesced: 0, cached: 0 },
} satisfies Counters;

type Statistics = typeof ZERO;

/**
 * Counters of all versions of one model. The extension counts answers and the rows that were computed for them: with
 * `rowsPerRequest` rows in each, answers that neither were computed nor came from a cache shared another's run.
 */
export function countersOf({ model_stats: versions }: StatisticsAnswer, rowsPerRequest: number): Statistics {
  let sum = ZERO;
  for (const each of versions ?? []) {
    const { inference_stats: stats } = each;
    const seconds = (duration?: Duration | null): number => Number(duration?.ns ?? 0) / 1e9;
    const answers = Number(stats?.success?.count ?? 0);
    const cached = Number(stats?.cache_hit?.count ?? 0);
    const rows = Number(each.inference_count ?? 0);
    // Some answer was computed, so that no row at all means that the server does not count them.
    const coalesced = rows === 0 ? 0 : answers - cached - rows / rowsPerRequest;
    sum = add(sum, {
      count: answers,
      queue: seconds(stats?.queue),
      computeInput: seconds(stats?.compute_input),
      computeInfer: seconds(stats?.compute_infer),
      computeOutput: seconds(stats?.compute_output),
      batches: { count: Number(each.execution_count ?? 0), rows },
      reused: { coalesced, cached },
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
  reused: {
    coalesced: a.reused.coalesced + b.reused.coalesced,
    cached: a.reused.cached + b.reused.cached,
  },
});
