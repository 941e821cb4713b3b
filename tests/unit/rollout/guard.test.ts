import { describe, expect, it } from 'vitest';
import type { RolloutGuard } from '../../../src/inference/rollout.ts';
import { wilson } from '../../../src/rollout/confidence.ts';
import { breachOf } from '../../../src/rollout/guard.ts';
import { RunRecord } from '../../../src/rollout/run-record.ts';

const GUARD: RolloutGuard = { minRequests: 100, minComparisons: 50 };
const NOTHING = { judged: 0, agreement: wilson(0, 0) };

/** A record of requests that took `milliseconds(index)`, the first `errors` of them failed. */
function record(requests: number, errors = 0, milliseconds: (index: number) => number = () => 5): RunRecord {
  const runs = new RunRecord();
  for (let index = 0; index < requests; index++) {
    if (index < errors) runs.failed();
    else runs.answered(milliseconds(index));
  }
  return runs;
}

const compared = (hits: number, count: number) => ({ judged: count, agreement: wilson(hits, count) });

describe('agreement', () => {
  const guard = { ...GUARD, minAgreement: 0.95 };
  it.each([
    ['below the bound beyond doubt', 80, 100, 'agreement'],
    ['below it, but in too few runs', 20, 40, undefined],
    ['below it by what may be chance', 92, 100, undefined],
    ['above it', 990, 1000, undefined],
    ['a little below it, in many runs', 9300, 10_000, 'agreement'],
  ])('%s: %i of %i ends in %s', (_, hits, count, bound) => {
    expect(breachOf(guard, record(0), record(0), compared(hits, count))?.bound).toBe(bound);
  });

  it('is not watched where no bound is set', () => {
    expect(breachOf(GUARD, record(0), record(0), compared(0, 1000))).toBeUndefined();
  });
});

describe('errors', () => {
  it.each([
    ['as many as the baseline', record(1000, 300), record(1000, 300), undefined],
    ['more than the baseline, within the margin', record(1000, 15), record(5000, 50), undefined],
    ['far more than the baseline', record(200, 30), record(1000, 2), 'error_rate'],
    ['too few requests', record(99, 99), record(1000, 0), undefined],
    ['a baseline with too few requests', record(1000, 500), record(99, 0), undefined],
    ['one of a hundred', record(100, 1), record(10_000, 0), undefined],
  ])('%s', (_, canary, baseline, bound) => {
    expect(breachOf({ ...GUARD, maxErrorRateIncrease: 0.01 }, canary, baseline, NOTHING)?.bound).toBe(bound);
  });

  it('break an absolute bound without any baseline', () => {
    const guard = { ...GUARD, maxErrorRate: 0.05 };
    expect(breachOf(guard, record(100, 30), record(0), NOTHING)?.reason).toBe(
      '18.38 % to 44.92 % of 100 requests fail, maxErrorRate is 5 %',
    );
    expect(breachOf(guard, record(100, 6), record(0), NOTHING)).toBeUndefined();
  });
});

describe('latency', () => {
  const guard = { ...GUARD, maxLatencyRatio: 1.5 };
  const spread = (from: number) => (index: number) => from * (1 + (index % 20) / 20);
  it.each([
    ['twice the baseline', record(400, 0, spread(20)), record(400, 0, spread(10)), 'latency'],
    ['a little above the baseline', record(400, 0, spread(12)), record(400, 0, spread(10)), undefined],
    [
      'one slow request in a hundred',
      record(400, 0, (i) => (i % 100 === 0 ? 9e5 : 5)),
      record(400),
      undefined,
    ],
    ['too few requests', record(99, 0, () => 900), record(400), undefined],
    ['a baseline of too few', record(400, 0, () => 900), record(120), undefined],
  ])('%s', (_, canary, baseline, bound) => {
    expect(breachOf(guard, canary, baseline, NOTHING)?.bound).toBe(bound);
  });

  it('counts requests that would have been late with the time they had', () => {
    const canary = record(100);
    for (let index = 0; index < 300; index++) canary.late(40);
    expect(breachOf(guard, canary, record(400), NOTHING)?.bound).toBe('latency');
    const hurried = record(100);
    for (let index = 0; index < 300; index++) hurried.late(0.001);
    expect(breachOf(guard, hurried, record(400), NOTHING)).toBeUndefined();
  });
});

it.each<keyof RolloutGuard>(['minAgreement', 'maxErrorRate', 'maxErrorRateIncrease', 'maxLatencyRatio'])(
  'a figure that is not a number does not break %s',
  (bound) => {
    const unknown = { ratio: Number.NaN, lower: Number.NaN, upper: Number.NaN };
    const latency = { value: Number.NaN, lower: Number.NaN, upper: Number.NaN };
    const figures = { requests: 1000, timed: 1000, errorRate: unknown, latency: () => latency };
    expect(
      breachOf({ ...GUARD, [bound]: 1 }, figures, figures, { judged: 1000, agreement: unknown }),
    ).toBeUndefined();
  },
);

it('what happened two generations ago is forgotten', () => {
  const runs = record(500, 500);
  runs.rotate();
  for (let index = 0; index < 500; index++) runs.answered(1);
  expect(runs.errorRate.ratio).toBe(0.5);
  runs.rotate();
  for (let index = 0; index < 100; index++) runs.answered(1);
  expect([runs.requests, runs.errorRate.ratio]).toEqual([600, 0]);
});
