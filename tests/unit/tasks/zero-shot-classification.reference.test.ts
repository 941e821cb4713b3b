import { describe, expect, it } from 'vitest';
import { expectClose, exportFolder, referenceCases } from '../../support/tasks/reference.ts';
import { serveExport } from '../../support/tasks/served-export.ts';

interface Case {
  readonly body: { readonly inputs: string; readonly parameters: { readonly candidate_labels?: string[] } };
  readonly answer: { readonly labels: string[]; readonly scores: number[] };
}

const serving = serveExport(exportFolder('roberta-nli'));

const ask = async (body: unknown) => {
  const { tasks } = await serving;
  return (await tasks.run({ model: 'model', body })).body;
};

describe('zero-shot classification', () => {
  const cases = referenceCases<Case>('roberta-nli').filter(({ body }) => body.parameters.candidate_labels);

  it.each(cases.map((each) => [JSON.stringify(each.body.inputs).slice(0, 60), each] as const))(
    'scores labels as the Python pipeline does: %s',
    async (_, { body, answer: { labels, scores } }) => {
      expectClose(
        await ask(body),
        labels.map((label, index) => ({ label, score: scores[index] })),
      );
    },
  );

  it('takes labels in one text with commas, and a list of texts', async () => {
    const one = {
      inputs: 'a goal in the last minute',
      parameters: { candidate_labels: ['sports', 'politics'] },
    };
    const list = { inputs: [one.inputs], parameters: { candidate_labels: 'sports, politics,' } };
    expect(await ask(list)).toEqual([await ask(one)]);
  });

  it.each([
    [{ candidate_labels: [] }, /'parameters\.candidate_labels': must not be empty/],
    [{ candidate_labels: ' , ' }, /'parameters\.candidate_labels': must not be empty/],
    [{ candidate_labels: ['a'], hypothesis_template: 'no place' }, /'parameters\.hypothesis_template'.*\{\}/],
    [{ candidate_labels: ['a'], multi_label: 1 }, /'parameters\.multi_label': must be true or false/],
    [
      { candidate_labels: Array.from({ length: 2000 }, (_, label) => `label ${label}`) },
      /make more than 2048 pairs/,
    ],
  ])('refuses bad parameters and names them: %#', async (parameters, message) => {
    const body = { inputs: ['one text', 'and another'], parameters };
    await expect(ask(body)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
  });

  it('never cuts the sentence with the label', async () => {
    const parameters = { candidate_labels: ['word '.repeat(80), 'b'], truncation: true };
    await expect(ask({ inputs: 'a', parameters })).rejects.toThrow(/tokens, the limit is 64/);
  });
});
