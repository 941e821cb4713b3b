import { expect, test } from 'vitest';
import { countersIn } from '../../../bench/stages/metrics-page.ts';
import { batchSizeBetween, reusedBetween, stagesBetween } from '../../../bench/stages/stages.ts';
import { countersOf } from '../../../bench/stages/statistics.ts';
import { Metrics } from '../../../src/metrics/metrics.ts';
import { StatisticsRecorder } from '../../../src/metrics/statistics.ts';

test('the stages of a request add up to what the client saw', () => {
  const before = { count: 10, queue: 1, computeInput: 1, computeInfer: 1, computeOutput: 1, request: 5 };
  const after = {
    count: 110,
    queue: 1.2,
    computeInput: 1.05,
    computeInfer: 1.5,
    computeOutput: 1.02,
    request: 5.9,
  };
  const stages = stagesBetween(
    { ...before, transport: { count: 10, seconds: 6 } },
    { ...after, transport: { count: 110, seconds: 7.1 } },
    15,
  );
  expect(Object.values(stages ?? {}).reduce((sum, value) => sum + value, 0)).toBeCloseTo(15, 9);
  expect(stages?.queue).toBeCloseTo(2, 9);
  expect(stages?.compute).toBeCloseTo(5, 9);
  expect(stages?.codec).toBeCloseTo(2, 9);
  expect(stages?.other).toBeCloseTo(1.3, 9);
});

test('no request between two readings means no stages', () => {
  const reading = { count: 10, queue: 1, computeInput: 1, computeInfer: 1, computeOutput: 1 };
  expect(stagesBetween(reading, reading, 5)).toBeUndefined();
});

test("this server's metrics are read for the models that are measured", async () => {
  const metrics = new Metrics({ version: '0', tritonMetrics: false });
  for (const model of ['m', 'other']) {
    const observer = metrics.createVariantObserver({ model, version: '1', variant: 'default' });
    observer.requestEnded('ok', 16, { queue: 1, computeInput: 2, computeInfer: 4, computeOutput: 8 }, 1);
  }
  metrics.transport('rest')('/v2/models/:model/infer', 200, 0.02, 100);
  metrics.transport('rest')('/v2/health/live', 200, 5, 0);
  const counters = countersIn(await metrics.text(), ['m@default']);
  expect(counters?.count).toBe(1);
  expect(counters?.queue).toBeCloseTo(0.001, 9);
  expect(counters?.computeOutput).toBeCloseTo(0.008, 9);
  expect(counters?.transport?.count).toBe(1);
  expect(counters?.transport?.seconds).toBeCloseTo(0.02, 9);
});

test('answers that were not computed are told from those that were', async () => {
  const metrics = new Metrics({ version: '0', tritonMetrics: true });
  const observer = metrics.createVariantObserver({ model: 'm', version: '1', variant: 'default' });
  const read = async () => countersIn(await metrics.text(), ['m']);
  const before = await read();
  const times = { queue: 1, computeInput: 2, computeInfer: 4, computeOutput: 8 };
  observer.cacheAsked(false, 1);
  observer.requestEnded('ok', 16, times, 1);
  const computed = await read();
  observer.cacheAsked(true, 1);
  observer.requestEnded('ok', 1, times, 1, 'cached');
  observer.requestEnded('ok', 16, times, 1, 'coalesced');
  observer.requestEnded('ok', 16, times, 1, 'coalesced');
  const after = await read();
  if (before === undefined || computed === undefined || after === undefined) throw new Error('no counters');
  expect(reusedBetween(before, computed)).toBeUndefined();
  expect(reusedBetween(before, after)).toEqual({ coalesced: 2, cached: 1 });
});

test('the statistics extension is read over all versions, numbers or Longs', () => {
  const version = {
    inference_count: 12,
    execution_count: 3,
    inference_stats: {
      success: { count: 2 },
      queue: { ns: { toString: () => '1500000000' } },
      compute_infer: { ns: 500_000_000 },
    },
  };
  expect(countersOf({ model_stats: [version, version] }, 6)).toEqual({
    count: 4,
    queue: 3,
    computeInput: 0,
    computeInfer: 1,
    computeOutput: 0,
    batches: { count: 6, rows: 24 },
    reused: { coalesced: 0, cached: 0 },
  });
});

test('answers that were not computed are told from the statistics extension', () => {
  const reading = (rows: number, answers: number, hits: number) =>
    countersOf(
      {
        model_stats: [
          {
            inference_count: rows,
            inference_stats: { success: { count: answers }, cache_hit: { count: hits } },
          },
        ],
      },
      4,
    );
  const before = reading(40, 10, 0);
  expect(reusedBetween(before, reading(80, 20, 0))).toBeUndefined();
  expect(reusedBetween(before, reading(60, 20, 2))).toEqual({ coalesced: 3, cached: 2 });
  // Somebody else sent larger requests; a server that does not count rows.
  expect(reusedBetween(before, reading(400, 20, 0))).toBeUndefined();
  expect(reusedBetween(reading(0, 10, 0), reading(0, 20, 0))).toBeUndefined();
});

test('what this server says of its answers in the extension tells those that were not computed', () => {
  const recorder = new StatisticsRecorder();
  const read = () => countersOf({ model_stats: [recorder.snapshot()] }, 2);
  const times = { queue: 1, computeInput: 2, computeInfer: 4, computeOutput: 8 };
  recorder.requestEnded('ok', 1, times, 2);
  const before = read();
  recorder.requestEnded('ok', 1, times, 2);
  recorder.requestEnded('ok', 1, times, 2, 'coalesced');
  recorder.cacheAsked(true, 1);
  recorder.requestEnded('ok', 1, times, 2, 'cached');
  expect(reusedBetween(before, read())).toEqual({ coalesced: 1, cached: 1 });
});

test('the rows per batch are those of the batches in between', () => {
  const reading = { count: 1, queue: 0, computeInput: 0, computeInfer: 0, computeOutput: 0 };
  const at = (count: number, rows: number) => ({ ...reading, batches: { count, rows } });
  expect(batchSizeBetween(at(10, 100), at(14, 120))).toBe(5);
  expect(batchSizeBetween(at(10, 100), at(10, 100))).toBeUndefined();
  expect(batchSizeBetween(reading, reading)).toBeUndefined();
});
