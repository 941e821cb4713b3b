import { beforeAll, describe, expect, it } from 'vitest';
import { type ServedExport, serveExport } from '../../support/tasks/served-export.ts';

const FOLDER = new URL('../../../models/intent-tfidf/1', import.meta.url).pathname;

interface Label {
  readonly label: string;
  readonly score: number;
}

describe('a classifier that takes strings', () => {
  let served: ServedExport;
  beforeAll(async () => {
    served = await serveExport(FOLDER, { task: 'text-classification' });
  });

  const ask = async (body: unknown) =>
    (await served.tasks.run({ model: 'model', body })).body as readonly (readonly Label[])[];

  it('answers with the probabilities of its graph', async () => {
    const [all] = await ask({ inputs: 'what is my account balance', parameters: { top_k: null } });
    expect(all?.[0]?.label).toBe('balance');
    expect(all?.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 4);
  });

  it('answers a list in its order, in batches', async () => {
    served.runs.length = 0;
    const inputs = [
      'set an alarm for six',
      'what is my account balance',
      '',
      'flip a coin',
      'tell me a joke',
    ];
    const answers = await ask({ inputs, parameters: { top_k: 1 } });
    expect(answers).toHaveLength(5);
    expect(answers[1]?.[0]?.label).toBe('balance');
    expect(served.runs).toEqual([4, 1]);
  });

  it('refuses pairs', async () => {
    await expect(ask({ inputs: { text: 'a', text_pair: 'b' } })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: "'inputs': model 'model' reads single texts, not pairs",
    });
  });
});
