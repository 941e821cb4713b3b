import { describe, expect, it } from 'vitest';
import { exportFolder, referenceCases } from '../../support/tasks/reference.ts';
import { serveExport } from '../../support/tasks/served-export.ts';

interface Case {
  readonly query?: string;
  readonly texts: string[];
  readonly logits: number[];
}

interface Rank {
  readonly index: number;
  readonly score: number;
  readonly text?: string;
}

const serving = serveExport(exportFolder('cross-encoder'));

const ask = async (body: unknown) => {
  const { tasks } = await serving;
  return (await tasks.run({ model: 'model', body })).body as Rank[];
};

describe('rerank', () => {
  const [reference] = referenceCases<Case>('cross-encoder').filter(({ query }) => query !== undefined);
  if (reference === undefined) throw new Error('the reference has no case');
  const { query, texts, logits } = reference;

  it('orders texts by the logit that the Python model gives each pair', async () => {
    const ranks = await ask({ query, texts, raw_scores: true, truncate: true });
    expect(ranks.map(({ score }) => score)).toEqual(ranks.map(({ score }) => score).sort((a, b) => b - a));
    expect(ranks.map(({ index }) => index).sort((a, b) => a - b)).toEqual(texts.map((_, index) => index));
    for (const { index, score } of ranks) expect(score).toBeCloseTo(logits[index] ?? Number.NaN, 4);
  });

  it('gives scores between 0 and 1, and the texts when asked to', async () => {
    const ranks = await ask({ query, texts: ['a card', 'a cat'], return_text: true });
    expect(ranks.map(({ text }) => text).sort()).toEqual(['a card', 'a cat']);
    for (const { score } of ranks) expect(score > 0 && score < 1).toBe(true);
  });

  it.each([
    [{ query, texts: [] }, /'texts': must not be empty/],
    [{ query: 1, texts: ['a'] }, /'query': must be a string/],
    [{ query, texts: ['a', 2] }, /'texts\.1': must be a string/],
    [{ query, texts }, /'texts\.7' has \d+ tokens, the limit is 64/],
  ])('refuses a bad body and names the field: %#', async (body, message) => {
    await expect(ask(body)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
  });

  it('is unimplemented for a model that does not rank', async () => {
    const { tasks } = await serveExport(exportFolder('bert-classifier'));
    const body = { query: 'a', texts: ['b'] };
    await expect(tasks.run({ model: 'model', task: 'rerank', body })).rejects.toMatchObject({
      code: 'unimplemented',
      message: expect.stringContaining("does not do 'rerank', it does text-classification"),
    });
  });
});
