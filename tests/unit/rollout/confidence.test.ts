import { describe, expect, it } from 'vitest';
import { increaseBound, quantileRanks, quotientBound, wilson } from '../../../src/rollout/confidence.ts';

describe('the interval of a ratio', () => {
  // Reference values of Wilson's formula with z = 1.959964: Newcombe 1998, table I.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i is the published one', (hits, count, lower, upper) => {
    const interval = wilson(hits, count, 1.959964);
    expect(interval.lower).toBeCloseTo(lower, 4);
    expect(interval.upper).toBeCloseTo(upper, 4);
  });

  it('of nothing knows nothing', () => {
    expect(wilson(0, 0)).toEqual({ ratio: Number.NaN, lower: 0, upper: 1 });
  });

  it('ends at 0 and 1 where everything is alike', () => {
    expect(wilson(0, 5).lower).toBe(0);
    expect(wilson(5, 5).upper).toBe(1);
    expect(wilson(5, 5).lower).toBeLessThan(0.5);
  });

  it('takes fractions of hits', () => {
    expect(wilson(4.5, 10).ratio).toBe(0.45);
  });
});

// Newcombe 1998 (differences), table II, method 10: 56/70 against 48/80.
it('the bound of a difference is the published one', () => {
  expect(increaseBound(wilson(56, 70, 1.959964), wilson(48, 80, 1.959964))).toBeCloseTo(0.0524, 4);
});

it('the bound of a quotient is nearer to it than that of its parts, and 0 where one of them is open', () => {
  const one = { value: 20, lower: 16, upper: 30 };
  const other = { value: 10, lower: 9, upper: 12 };
  expect(quotientBound(one, other)).toBeCloseTo(2 / Math.exp(Math.hypot(Math.log(1.25), Math.log(1.2))), 10);
  expect(quotientBound(one, other)).toBeGreaterThan(16 / 12);
  expect(quotientBound(one, { ...other, upper: Infinity })).toBe(0);
  expect(quotientBound({ ...one, lower: 0 }, other)).toBe(0);
});

it('the ranks of a quantile close in on it, and leave the data where there is little of it', () => {
  expect(quantileRanks(0.95, 10_000)).toEqual({ lower: 9434, upper: 9567 });
  expect(quantileRanks(0.95, 209).upper).toBeGreaterThan(209);
  expect(quantileRanks(0.95, 210).upper).toBe(210);
});
