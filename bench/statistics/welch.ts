import { incompleteBeta } from './binomial.ts';
import { mean } from './summary.ts';

/** How two sets of figures compare: the ratio of the second to the first, with bounds. */
export interface RatioEstimate {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

type Sets = readonly (readonly number[])[];

/**
 * The product of the (geometric) means of the sets above the line by that of those below, with the interval that holds
 * it with the given confidence: Welch's t interval on the logarithms, which does not ask for equal spread, and counts
 * the spread of every set. Undefined where a set has fewer than two figures, or one that is not positive.
 */
export function ratioOf(above: Sets, below: Sets, confidence = 0.95): RatioEstimate | undefined {
  const sets = [...above, ...below];
  if (sets.some((set) => set.length < 2 || set.some((each) => !(each > 0)))) return undefined;
  const moments = sets.map((set) => momentsOf(set.map(Math.log)));
  const middle = moments.reduce(
    (sum, each, index) => sum + (index < above.length ? each.mean : -each.mean),
    0,
  );
  const ratio = Math.exp(middle);
  const error = moments.reduce((sum, each) => sum + each.error, 0);
  if (error === 0) return { ratio, low: ratio, high: ratio };
  const freedom = error ** 2 / moments.reduce((sum, each) => sum + each.error ** 2 / (each.count - 1), 0);
  const reach = studentQuantile(confidence, freedom) * Math.sqrt(error);
  return { ratio, low: Math.exp(middle - reach), high: Math.exp(middle + reach) };
}

interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Variance of the mean. */
  readonly error: number;
}

function momentsOf(values: readonly number[]): Moments {
  const middle = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  return { count: values.length, mean: middle, error: variance / values.length };
}

/** The mean, and how far from it the true one may be at that confidence: Student's t. Infinitely far with fewer than two values. */
export function meanOf(
  values: readonly number[],
  confidence = 0.95,
): { readonly mean: number; readonly reach: number } {
  const { count, mean: middle, error } = momentsOf(values);
  if (count < 2) return { mean: middle, reach: Infinity };
  return { mean: middle, reach: error === 0 ? 0 : studentQuantile(confidence, count - 1) * Math.sqrt(error) };
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
