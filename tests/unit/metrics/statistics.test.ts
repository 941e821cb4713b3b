import { expect, test } from 'vitest';
import {
  type CacheObserver,
  SILENT_OBSERVER,
  type VariantObserver,
} from '../../../src/inference/observer.ts';
import { NO_TIME } from '../../../src/inference/timings.ts';
import { composeObservers, StatisticsRecorder } from '../../../src/metrics/statistics.ts';

const TIMINGS = { queue: 1, computeInput: 0.5, computeInfer: 3, computeOutput: 0.25 };

test('before the first request every figure is zero', () => {
  const { last_inference, inference_count, execution_count, inference_stats, batch_stats } =
    new StatisticsRecorder().snapshot();
  expect([last_inference, inference_count, execution_count, batch_stats.length]).toEqual([0, 0, 0, 0]);
  expect(inference_stats.success).toEqual({ count: 0, ns: 0 });
});

test('answered and failed requests add up, in nanoseconds', () => {
  const recorder = new StatisticsRecorder(() => 1_700_000_000_000);
  recorder.requestEnded('ok', 5, TIMINGS, 4);
  recorder.requestEnded('ok', 6, TIMINGS, 2);
  recorder.requestEnded('deadline_exceeded', 10, NO_TIME, 1);
  const { last_inference, inference_count, inference_stats } = recorder.snapshot();
  expect(last_inference).toBe(1_700_000_000_000);
  expect(inference_count).toBe(6);
  expect(inference_stats).toMatchObject({
    success: { count: 2, ns: 11_000_000 },
    fail: { count: 1, ns: 10_000_000 },
    queue: { count: 2, ns: 2_000_000 },
    compute_input: { count: 2, ns: 1_000_000 },
    compute_infer: { count: 2, ns: 6_000_000 },
    compute_output: { count: 2, ns: 500_000 },
    cache_hit: { count: 0, ns: 0 },
  });
});

test('batches are listed by size, ascending, failed ones left out', () => {
  const recorder = new StatisticsRecorder();
  const batch = { requests: 1, reason: 'full', timings: TIMINGS, failed: false } as const;
  for (const rows of [8, 2, 8]) recorder.batchEnded({ ...batch, rows });
  recorder.batchEnded({ ...batch, rows: 16, failed: true });
  const { execution_count, batch_stats } = recorder.snapshot();
  expect(execution_count).toBe(3);
  expect(batch_stats.map(({ batch_size, compute_infer }) => [batch_size, compute_infer])).toEqual([
    [2, { count: 1, ns: 3_000_000 }],
    [8, { count: 2, ns: 6_000_000 }],
  ]);
});

test('composed observers are both told everything, once', () => {
  const told: string[] = [];
  const listener = (name: string): VariantObserver & CacheObserver => ({
    requestEnded: (code) => told.push(`${name} ended ${code}`),
    requestRejected: (reason) => told.push(`${name} rejected ${reason}`),
    batchEnded: ({ rows }) => told.push(`${name} batch ${rows}`),
    cacheAsked: (hit) => told.push(`${name} cache ${hit}`),
    queueChanged: (depth) => told.push(`${name} depth ${depth}`),
  });
  const both = composeObservers(listener('a'), composeObservers(listener('b'), SILENT_OBSERVER));
  both.requestEnded('ok', 1, NO_TIME, 1);
  both.requestRejected('deadline');
  both.batchEnded({ rows: 3, requests: 1, reason: 'alone', timings: NO_TIME, failed: false });
  both.queueChanged(4);
  both.cacheAsked(true, 1);
  expect(told).toEqual(
    ['ended ok', 'rejected deadline', 'batch 3', 'depth 4', 'cache true'].flatMap((event) => [
      `a ${event}`,
      `b ${event}`,
    ]),
  );
});
