import { incompleteBeta } from './binomial.ts';
import { mean } from './summary.ts';

/** How two sets of figures compare: the ratio of the second to the first, with bounds. */
export interface RatioEstimate {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Ratio of the (geometric) means of two sets of positive figures, with the interval that holds it with the given
 * confidence: Welch's t interval on the logarithms, which does not ask for equal spread. Undefined with fewer than two
 * figures on a side.
 */
export function compareMeans(
  before: readonly number[],
  after: readonly number[],
  confidence = 0.95,
): RatioEstimate | undefined {
  if (before.length < 2 || after.length < 2 || [...before, ...after].some((each) => !(each > 0)))
    return undefined;
  const a = momentsOf(before.map(Math.log));
  const b = momentsOf(after.map(Math.log));
  const difference = b.mean - a.mean;
  const error = Math.sqrt(a.error + b.error);
  const ratio = Math.exp(difference);
  if (error === 0) return { ratio, low: ratio, high: ratio };
  const freedom =
    (a.error + b.error) ** 2 / (a.error ** 2 / (before.length - 1) + b.error ** 2 / (after.length - 1));
  const reach = studentQuantile(confidence, freedom) * error;
  return { ratio, low: Math.exp(difference - reach), high: Math.exp(difference + reach) };
}

/** Mean, and variance of the mean. */
function momentsOf(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const middle = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  return { mean: middle, error: variance / values.length };
}

/** The t for which a share `confidence` of Student's distribution lies between -t and t. */
export function studentQuantile(confidence: number, freedom: number): number {
  const inside = (t: number): number => 1 - incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
  let least = 0;
  let most = 1;
  while (inside(most) < confidence) most *= 2;
  for (let step = 0; step < 100; step++) {
    const middle = (least + most) / 2;
    if (inside(middle) < confidence) least = middle;
    else most = middle;
  }
  return most;
}
