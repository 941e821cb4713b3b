import { describe, expect, it } from 'vitest';
import { softmax, topLabels } from '../../../src/tasks/scores.ts';

const labelOf = (index: number): string => `class ${index}`;
const indices = (scores: readonly number[], count: number): number[] =>
  topLabels(Float64Array.from(scores), labelOf, count).map(({ label }) => Number(label.slice(6)));

describe('topLabels', () => {
  it('gives the best classes, best first, with their scores', () => {
    expect(topLabels(Float64Array.of(0.1, 0.6, 0.3), labelOf, 2)).toEqual([
      { label: 'class 1', score: 0.6 },
      { label: 'class 2', score: 0.3 },
    ]);
  });

  it('keeps the order of classes with equal scores, at the end of the list too', () => {
    expect(indices([1, 3, 3, 1, 1], 3)).toEqual([1, 2, 0]);
  });

  it('gives all classes where more are asked for than there are', () => {
    expect(indices([1, 3, 2], 5)).toEqual([1, 2, 0]);
  });

  it('gives the same classes whether few or many are asked for', () => {
    const scores = Array.from({ length: 200 }, (_, index) => (index * 73) % 29);
    const all = indices(scores, scores.length);
    for (const count of [1, 2, 31, 32, 33, 100]) expect(indices(scores, count)).toEqual(all.slice(0, count));
  });
});

describe('softmax', () => {
  it('does not overflow, and its scores add up to 1', () => {
    const scores = softmax([1000, 1001, 900]);
    expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 12);
    expect(scores[1]).toBeCloseTo(Math.E / (1 + Math.E), 12);
  });
});
