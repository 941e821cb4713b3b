import { expect, test } from 'vitest';
import { comparePairs } from '../../../bench/statistics/paired.ts';
import { isStable } from '../../../bench/statistics/stability.ts';
import { median } from '../../../bench/statistics/summary.ts';
import { ratioOf, studentQuantile } from '../../../bench/statistics/welch.ts';

const windows = (...pairs: [number, number][]) =>
  pairs.map(([throughput, latency]) => ({ throughput, latency }));

test('three windows within 10 % of each other are stable, whatever came before', () => {
  expect(isStable(windows([10, 90], [100, 10], [109, 10.5], [105, 11]))).toBe(true);
  expect(isStable(windows([100, 10], [100, 10]))).toBe(false);
  expect(isStable(windows([100, 10], [111, 10], [105, 10]))).toBe(false);
  expect(isStable(windows([100, 10], [100, 12], [100, 10]))).toBe(false);
  expect(isStable(windows([0, 0], [0, 0], [0, 0]))).toBe(false);
});

test('the median of an even number of values is between the middle two', () => {
  expect(median([4, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test.each([
  [0.95, 1, 12.706],
  [0.95, 4, 2.776],
  [0.99, 10, 3.169],
  [0.95, 1000, 1.962],
])("Student's quantile for %d with %d degrees of freedom is %d", (confidence, freedom, t) => {
  expect(studentQuantile(confidence, freedom)).toBeCloseTo(t, 3);
});

test('the interval of a ratio holds the true ratio, and shrinks with the spread', () => {
  const wide = ratioOf([[190, 200, 210]], [[90, 100, 110]]);
  const narrow = ratioOf([[199, 200, 201]], [[99, 100, 101]]);
  for (const estimate of [wide, narrow]) {
    expect(estimate?.low).toBeLessThan(2);
    expect(estimate?.high).toBeGreaterThan(2);
  }
  const width = (estimate = wide): number => (estimate?.high ?? 0) - (estimate?.low ?? 0);
  expect(width(narrow)).toBeLessThan(width(wide) / 5);
});

test('one window tells nothing about its spread', () => {
  expect(ratioOf([[100, 101]], [[100]])).toBeUndefined();
  expect(ratioOf([[100, 101]], [[100, 0]])).toBeUndefined();
});

test("the interval of paired ratios is Student's on their logarithms", () => {
  const pairs = [1, 2, 3].map((power) => [1, Math.E ** power] as const);
  const { ratio = 0, low = 0, high = 0 } = comparePairs(pairs) ?? {};
  expect(Math.log(ratio)).toBeCloseTo(2, 9);
  expect(Math.log(high) - 2).toBeCloseTo(4.303 / Math.sqrt(3), 2);
  expect(2 - Math.log(low)).toBeCloseTo(4.303 / Math.sqrt(3), 2);
});
