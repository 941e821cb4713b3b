import { meanOf, type RatioEstimate } from './welch.ts';

/**
 * Ratio of the second figure to the first over pairs that were measured next to each other, with the interval that
 * holds it with the given confidence: Student's t interval on the logarithms of the ratios. What slows both figures of
 * a pair alike does not widen it. Undefined with fewer than two pairs, or where a figure is not above 0.
 */
export function comparePairs(
  pairs: readonly (readonly [before: number, after: number])[],
  confidence = 0.95,
): RatioEstimate | undefined {
  if (pairs.length < 2 || pairs.flat().some((each) => !(each > 0))) return undefined;
  const logs = pairs.map(([before, after]) => Math.log(after / before));
  const { mean: middle, reach } = meanOf(logs, confidence);
  return { ratio: Math.exp(middle), low: Math.exp(middle - reach), high: Math.exp(middle + reach) };
}
