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
  let max = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < logits.length; index++) max = Math.max(max, logits[index] ?? max);
  const scores = Float64Array.from(logits, (logit) => Math.exp(logit - max));
  let sum = 0;
  for (const score of scores) sum += score;
  return scores.map((score) => score / sum);
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
  return Array.from(scores, (score, index) => ({ score, index }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ score, index }) => ({ label: labelOf(index), score }));
}

/** Labels that exclude each other share a softmax; a lone label, or labels that do not, have a sigmoid each. */
export function defaultFunction(problemType: unknown, classes: number): ScoreFunction {
  if (problemType === 'regression') return 'none';
  return problemType === 'multi_label_classification' || classes === 1 ? 'sigmoid' : 'softmax';
}
