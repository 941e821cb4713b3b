import { expect, test } from 'vitest';
import { SECONDS } from '../../../src/metrics/definitions.ts';
import { Distribution } from '../../../src/metrics/distribution.ts';

test('a value on a bound belongs to that bucket', () => {
  const distribution = new Distribution([1, 2, 4]);
  for (const value of [0, 1, 1.5, 2, 4, 5]) distribution.observe(value);
  expect(distribution.cumulative()).toEqual([
    { bound: 1, count: 2 },
    { bound: 2, count: 4 },
    { bound: 4, count: 5 },
  ]);
  expect(distribution.count).toBe(6);
  expect(distribution.sum).toBe(13.5);
});

test('the buckets of seconds reach from 50 microseconds beyond 10 seconds', () => {
  expect(SECONDS[0]).toBe(50e-6);
  expect(SECONDS.at(-1)).toBeGreaterThan(10);
  expect(SECONDS.map(String).every((bound) => bound.length < 9)).toBe(true);
});
