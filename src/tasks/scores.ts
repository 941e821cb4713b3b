import { z } from 'zod';

export type ScoreFunction = 'softmax' | 'sigmoid' | 'none';

export const SCORE_FUNCTIONS = z.enum(['softmax', 'sigmoid', 'none'], {
  error: "must be 'softmax', 'sigmoid' or 'none'",
});

export interface LabelScore {
  readonly label: string;
  readonly score: number;
}

/** Shifted by the largest logit, so that no exponential overflows. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const { length } = logits;
  let max = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < length; index++) max = Math.max(max, logits[index] ?? max);
  const scores = new Float64Array(length);
  let sum = 0;
  for (let index = 0; index < length; index++) {
    const power = Math.exp((logits[index] ?? 0) - max);
    scores[index] = power;
    sum += power;
  }
  for (let index = 0; index < length; index++) scores[index] = (scores[index] ?? 0) / sum;
  return scores;
}

export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

export function toScores(logits: ArrayLike<number>, apply: ScoreFunction): Float64Array {
  if (apply === 'softmax') return softmax(logits);
  return Float64Array.from(logits, apply === 'sigmoid' ? sigmoid : (logit) => logit);
}

/** The `count` best classes, best first; equal scores keep the order of the classes. */
export function topLabels(
  scores: Float64Array,
  labelOf: (index: number) => string,
  count: number,
): LabelScore[] {
  return bestIndices(scores, count).map((index) => ({ label: labelOf(index), score: scores[index] ?? 0 }));
}

/** Up to so many classes are picked out one by one, without an order of all of them. */
const FEW = 32;

function bestIndices(scores: Float64Array, count: number): readonly number[] {
  if (count > FEW) {
    return Array.from(scores.keys())
      .sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
      .slice(0, count);
  }
  const best: number[] = [];
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index] ?? 0;
    let place = best.length;
    while (place > 0 && score > (scores[best[place - 1] ?? 0] ?? 0)) place--;
    if (place === count) continue;
    if (best.length === count) best.pop();
    best.splice(place, 0, index);
  }
  return best;
}

/** Labels that exclude each other share a softmax; a lone label, or labels that do not, have a sigmoid each. */
export function defaultFunction(problemType: unknown, classes: number): ScoreFunction {
  if (problemType === 'regression') return 'none';
  return problemType === 'multi_label_classification' || classes === 1 ? 'sigmoid' : 'softmax';
}
