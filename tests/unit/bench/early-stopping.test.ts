import { expect, test } from 'vitest';
import { binomialAtMost, incompleteBeta, logGamma } from '../../../bench/statistics/binomial.ts';
import { judge, queriesNeeded, slowAllowed, sureQuantile } from '../../../bench/statistics/early-stopping.ts';

/** The sum itself, in logarithms. */
function atMost(k: number, n: number, p: number): number {
  let term = n * Math.log(1 - p);
  let sum = Math.exp(term);
  for (let i = 1; i <= k; i++) {
    term += Math.log((n - i + 1) / i) + Math.log(p / (1 - p));
    sum += Math.exp(term);
  }
  return sum;
}

test.each([
  [0, 459],
  [1, 662],
  [2, 838],
  [5, 1307],
  [10, 2010],
])('with %i slow ones, a 99th percentile takes %i queries at 99 %% confidence', (slow, count) => {
  expect(queriesNeeded(slow, 0.99)).toBe(count);
  expect(slowAllowed(count, 0.99)).toBe(slow);
  expect(slowAllowed(count - 1, 0.99)).toBe(slow === 0 ? undefined : slow - 1);
});

test('the binomial distribution agrees with the sum of its terms', () => {
  for (const [k, n, p] of [
    [0, 10, 0.3],
    [3, 10, 0.3],
    [9, 10, 0.9],
    [40, 4000, 0.01],
    [600, 60_000, 0.01],
  ] as const) {
    expect(binomialAtMost(k, n, p)).toBeCloseTo(atMost(k, n, p), 9);
  }
  expect(binomialAtMost(-1, 5, 0.5)).toBe(0);
  expect(binomialAtMost(5, 5, 0.5)).toBe(1);
});

test('known values of the gamma and beta functions', () => {
  expect(Math.exp(logGamma(6))).toBeCloseTo(120, 8);
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
  expect(incompleteBeta(0.5, 2, 2)).toBeCloseTo(0.5, 12);
  expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 12);
});

test('the sure quantile leaves out exactly the slow ones that are allowed', () => {
  const ranks = { count: 1307, ranked: (rank: number) => rank };
  expect(sureQuantile(ranks, 0.99)).toBe(1302);
  expect(sureQuantile({ ...ranks, count: 458 }, 0.99)).toBeUndefined();
});

test('a bound is met, missed, or still open', () => {
  expect(judge(662, 1, 0.99)).toBe('met');
  expect(judge(661, 1, 0.99)).toBe('open');
  expect(judge(661, 20, 0.99)).toBe('missed');
  expect(judge(20, 20, 0.99)).toBe('missed');
});
