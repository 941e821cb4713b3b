import { beforeAll, describe, expect, it } from 'vitest';
import { exportFolder } from '../../support/tasks/reference.ts';
import { type ServedExport, serveExport } from '../../support/tasks/served-export.ts';

const FOLDER = exportFolder('bert-classifier');

interface Label {
  readonly label: string;
  readonly score: number;
}

describe('text classification', () => {
  let served: ServedExport;
  beforeAll(async () => {
    served = await serveExport(FOLDER);
  });

  const ask = async (body: unknown) =>
    (await served.tasks.run({ model: 'model', body })).body as readonly (readonly Label[])[];

  it('answers a text with its best labels, best first, in a list of one list', async () => {
    const [labels, ...rest] = await ask({ inputs: 'what is the balance of my account' });
    expect(rest).toEqual([]);
    expect(labels?.map(({ label }) => label).sort()).toEqual(['mid', 'neg', 'pos']);
    const scores = labels?.map(({ score }) => score) ?? [];
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  it('answers a list in its order, each text as it is answered alone', async () => {
    const inputs = ['set an alarm for six', 'hello', 'translate good morning to spanish please now', 'hello'];
    const together = await ask({ inputs, parameters: { top_k: 1 } });
    const alone = await Promise.all(inputs.map((text) => ask({ inputs: text, parameters: { top_k: 1 } })));
    expect(together.map(([best]) => best?.label)).toEqual(alone.map(([labels]) => labels?.[0]?.label));
    for (const [index, [best]] of together.entries()) {
      expect(best?.score).toBeCloseTo(alone[index]?.[0]?.[0]?.score ?? Number.NaN, 5);
    }
  });

  it('runs a list in batches of at most the size the model takes', async () => {
    served.runs.length = 0;
    await ask({ inputs: Array.from({ length: 10 }, () => 'hello') });
    expect(served.runs).toEqual([4, 4, 2]);
  });

  it('gives every class when top_k is null, and as many as asked for otherwise', async () => {
    const [all] = await ask({ inputs: 'hello', parameters: { top_k: null } });
    expect(all).toHaveLength(3);
    expect(all?.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
    const [two] = await ask({ inputs: 'hello', parameters: { top_k: 2 } });
    expect(two).toEqual(all?.slice(0, 2));
  });

  it('applies the function that is asked for', async () => {
    const [logits] = await ask({ inputs: 'hello', parameters: { function_to_apply: 'none' } });
    const [sigmoids] = await ask({ inputs: 'hello', parameters: { function_to_apply: 'sigmoid' } });
    expect(sigmoids?.[0]?.score).toBeCloseTo(1 / (1 + Math.exp(-(logits?.[0]?.score ?? 0))), 6);
  });

  it('reads a pair of texts', async () => {
    const [[alone], [pair]] = (await ask({
      inputs: [{ text: 'hello' }, { text: 'hello', text_pair: 'what is my balance' }],
    })) as [Label[], Label[]];
    expect(alone?.score).not.toBe(pair?.score);
  });

  it('refuses a text of too many tokens and names the limit, and cuts it when asked to', async () => {
    const inputs = 'card '.repeat(200);
    await expect(ask({ inputs })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/'inputs' has 202 tokens, the limit is 64/),
    });
    await expect(ask({ inputs: ['hello', inputs] })).rejects.toThrow(/'inputs\.1' has 202 tokens/);
    const [cut] = await ask({ inputs, parameters: { truncation: true } });
    const [same] = await ask({ inputs: 'card '.repeat(62) });
    expect(cut).toEqual(same);
    const least = { truncation: true, max_length: 1 };
    await expect(ask({ inputs, parameters: least })).rejects.toThrow(/the limit is 1; so few that nothing/);
  });

  it('answers a text that is tokenized in the thread as it answers any other', async () => {
    const filler = ' '.repeat(5000);
    expect(await ask({ inputs: `hello ${filler} there` })).toEqual(await ask({ inputs: 'hello there' }));
  });

  it.each([
    [{ inputs: 5 }, /'inputs': must be a text/],
    [{ inputs: ['a', 5] }, /'inputs\.1': must be a text/],
    [{ inputs: [] }, /'inputs': must not be empty/],
    [{}, /'inputs'/],
    ['text', /the request body/],
    [null, /the request body/],
    [{ inputs: 'a', parameters: { top_k: 0 } }, /'parameters\.top_k': must be a positive integer/],
    [{ inputs: 'a', parameters: { topk: 1 } }, /topk/],
    [{ inputs: 'a', parameters: { truncation: 'yes' } }, /'parameters\.truncation': must be true or false/],
    [{ inputs: 'a', parameters: { max_length: 500 } }, /'parameters\.max_length' is 500.* 64/],
    [{ inputs: 'a', parameters: { function_to_apply: 'relu' } }, /'parameters\.function_to_apply'/],
    [{ inputs: Array.from({ length: 2049 }, () => 'a') }, /'inputs': must not have more than 2048 elements/],
    [{ inputs: 'x'.repeat((1 << 20) + 1) }, /'inputs': must not be longer than 1048576 bytes/],
    [{ inputs: 'a', parameters: { variant: 7 } }, /'parameters\.variant'/],
  ])('refuses a bad body and names the field: %#', async (body, message) => {
    await expect(ask(body)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
    expect(served.held()).toBe(0);
  });

  it('says not_found for a variant that is not there', async () => {
    await expect(ask({ inputs: 'a', parameters: { variant: 'int9' } })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('says failed_precondition for a task that model.json names and nobody knows', async () => {
    const { tasks } = await serveExport(FOLDER, { task: 'guess' });
    await expect(tasks.run({ model: 'model', body: { inputs: 'a' } })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining("'guess'"),
    });
  });
});
