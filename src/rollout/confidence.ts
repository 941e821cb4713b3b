import type { Interval } from '../inference/rollout.ts';

/**
 * Width of every interval, in standard deviations. Three, because a guard looks again after every request: with the
 * customary 1.96 one of many looks would soon be wrong by chance.
 */
export const Z = 3;

/** Wilson's score interval (1927) for `hits` of `count`; `hits` may be a sum of fractions. Nothing is known of none. */
export function wilson(hits: number, count: number, z = Z): Interval {
  if (count <= 0) return { ratio: Number.NaN, lower: 0, upper: 1 };
  const ratio = hits / count;
  const square = (z * z) / count;
  const middle = ratio + square / 2;
  const reach = z * Math.sqrt((ratio * (1 - ratio)) / count + square / (4 * count));
  const bound = (value: number) => Math.min(1, Math.max(0, value / (1 + square)));
  return {
    ratio,
    lower: hits <= 0 ? 0 : bound(middle - reach),
    upper: hits >= count ? 1 : bound(middle + reach),
  };
}

/** Newcombe's lower bound (1998, method 10) for how much larger one ratio is than another. */
export function increaseBound(one: Interval, other: Interval): number {
  return one.ratio - other.ratio - Math.hypot(one.ratio - one.lower, other.upper - other.ratio);
}

/**
 * The lower bound for how many times one positive value is another, from their own bounds: Newcombe's way, on
 * logarithms (Donner and Zou 2012).
 */
export function quotientBound(one: Bounded, other: Bounded): number {
  const [own, its] = [Math.log(one.value), Math.log(other.value)];
  return Math.exp(own - its - Math.hypot(own - Math.log(one.lower), Math.log(other.upper) - its));
}

/** A value and the bounds between which it lies. */
interface Bounded {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/** Ranks, from 1, between which the `quantile` of `count` values lies, whatever their distribution. */
export function quantileRanks(quantile: number, count: number, z = Z): { lower: number; upper: number } {
  const middle = quantile * count;
  const reach = z * Math.sqrt(count * quantile * (1 - quantile));
  return { lower: Math.floor(middle - reach), upper: Math.ceil(middle + reach) + 1 };
}
