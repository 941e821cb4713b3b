import { expect, test } from 'vitest';
import { Histogram } from '../../../bench/statistics/histogram.ts';
import { exponential, uniform } from '../../../bench/statistics/random.ts';

const filled = (values: Iterable<number>): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
};

test('quantiles are within half a percent of those of the sorted values', () => {
  const random = uniform(3);
  const values = Array.from({ length: 20_000 }, () => 0.05 + 40 * exponential(random) ** 2);
  const histogram = filled(values);
  values.sort((a, b) => a - b);
  for (const quantile of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const exact = values[Math.ceil(quantile * values.length) - 1] ?? Number.NaN;
    expect(Math.abs(histogram.quantile(quantile) - exact)).toBeLessThanOrEqual(exact * 0.005 + 0.001);
  }
});

test('the largest value is exact, and no quantile is beyond the smallest or the largest', () => {
  const histogram = filled([10.0049, 10.005]);
  expect(histogram.quantile(1)).toBe(10.005);
  expect(histogram.quantile(0)).toBeGreaterThanOrEqual(10.0049);
});

test('windows add up to the histogram of all their values', () => {
  const parts = [filled([1, 5, 900]), filled([0.002, 5])];
  const whole = new Histogram();
  for (const part of parts) whole.add(part.toData());
  expect(whole.toData()).toEqual(filled([1, 5, 900, 0.002, 5]).toData());
  expect(Histogram.from(whole.toData()).toData()).toEqual(whole.toData());
});

test('an empty histogram has no quantiles, and adding it changes nothing', () => {
  const empty = new Histogram();
  expect(empty.quantile(0.5)).toBeNaN();
  expect(empty.mean).toBeNaN();
  const one = filled([3]);
  one.add(empty.toData());
  expect(one.toData()).toEqual(filled([3]).toData());
});

test('values above a bound are counted', () => {
  const histogram = filled([1, 2, 3, 100, 200]);
  expect(histogram.above(50)).toBe(2);
  expect(histogram.above(0.5)).toBe(5);
  expect(histogram.above(300)).toBe(0);
});
