import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, exportFolder, referenceCases } from '../../support/tasks/reference.ts';
import { type ServedExport, serveExport } from '../../support/tasks/served-export.ts';

interface Case {
  readonly body: { readonly inputs: string; readonly parameters: { readonly truncation: true } };
  readonly tokens: number;
  readonly answer: number[];
}

interface Embeddings {
  readonly object: string;
  readonly data: readonly { readonly index: number; readonly embedding: number[] | string }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

const run = async ({ tasks }: ServedExport, body: unknown, task?: string) =>
  (await tasks.run({ model: 'model', body, ...(task === undefined ? {} : { task }) })).body;

describe.each(['minilm-embedder', 'mpnet-embedder', 'xlmr-embedder'])('%s', (name) => {
  const cases = referenceCases<Case>(name);
  let served: ServedExport;
  beforeAll(async () => {
    served = await serveExport(exportFolder(name));
  });

  it.each(cases.map((each) => [JSON.stringify(each.body.inputs).slice(0, 60), each] as const))(
    'gives the vector that the Python model gives: %s',
    async (_, { body, answer }) => {
      expectClose(await run(served, body), answer);
    },
  );

  it('gives a list of texts the vectors they have alone, in their order', async () => {
    const inputs = cases.map(({ body }) => body.inputs);
    expectClose(
      await run(served, { inputs, parameters: { truncation: true } }),
      cases.map(({ answer }) => answer),
    );
  });

  it("answers in OpenAI's form with the tokens it read", async () => {
    const input = cases.map(({ body }) => body.inputs);
    const answer = (await run(served, { input, truncation: true }, 'embeddings')) as Embeddings;
    expect(answer.data.map(({ index }) => index)).toEqual(input.map((_, index) => index));
    expectClose(
      answer.data.map(({ embedding }) => embedding),
      cases.map(({ answer: vector }) => vector),
    );
    const tokens = cases.reduce((sum, { tokens: own }) => sum + own, 0);
    expect(answer.usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
  });
});

describe('an embedding model', () => {
  let served: ServedExport;
  beforeAll(async () => {
    served = await serveExport(exportFolder('minilm-embedder'));
  });

  const embed = async (body: object) => (await run(served, body, 'embeddings')) as Embeddings;

  it('gives base64 of the same numbers', async () => {
    const [numbers] = (await embed({ input: 'the card' })).data;
    const [base64] = (await embed({ input: 'the card', encoding_format: 'base64' })).data;
    const bytes = Buffer.from(String(base64?.embedding), 'base64');
    const floats = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    expect(Array.from(floats)).toEqual(numbers?.embedding);
  });

  it('reads token ids as they are, one list or several', async () => {
    const text = await embed({ input: 'the card' });
    const tokens = text.usage.prompt_tokens;
    const ids = Array.from({ length: tokens }, (_, index) => 5 + index);
    const one = await embed({ input: ids });
    expect(one.usage.prompt_tokens).toBe(tokens);
    const several = await embed({ input: [ids, [2, 3]] });
    expect(several.data[0]?.embedding).toEqual(one.data[0]?.embedding);
    expect(several.usage.prompt_tokens).toBe(tokens + 2);
  });

  it('keeps the first dimensions at length 1', async () => {
    const whole = (await embed({ input: 'the card' })).data[0]?.embedding as number[];
    const short = (await embed({ input: 'the card', dimensions: 8 })).data[0]?.embedding as number[];
    const length = Math.hypot(...whole.slice(0, 8));
    expectClose(
      short,
      whole.slice(0, 8).map((value) => value / length),
    );
  });

  it('compares sentences by the cosine of their vectors', async () => {
    const sentences = ['the card', 'a cat', 'the card and the cat'];
    const inputs = { source_sentence: 'the card', sentences };
    const [same, ...others] = (await run(served, { inputs })) as number[];
    expect(same).toBeCloseTo(1, 6);
    const vectors = (await run(served, { inputs: sentences })) as number[][];
    for (const [index, other] of others.entries()) {
      const dot = vectors[0]?.reduce((sum, value, at) => sum + value * (vectors[index + 1]?.[at] ?? 0), 0);
      expect(other).toBeCloseTo(dot ?? Number.NaN, 6);
    }
  });

  it('gives the vectors of all tokens when no pooling is wanted', async () => {
    const body = { inputs: 'the card', parameters: { pooling: 'none' } };
    const [tokens] = (await run(served, body)) as [number[][]];
    const { prompt_tokens: count } = (await embed({ input: 'the card' })).usage;
    expect(tokens).toHaveLength(count);
    const first = await run(served, { inputs: 'the card', parameters: { pooling: 'cls', normalize: false } });
    expectClose(first, tokens[0]);
  });

  it.each([
    [{ input: [] }, /'input': must not be empty/],
    [{ input: ['a', 1] }, /'input/],
    [{ input: [[1, -2]] }, /'input\.0\.1': must be a token id/],
    [{ input: [[1, 100_000]] }, /'input': token id 100000 is not below \d+/],
    [{ input: Array.from({ length: 65 }, () => 5) }, /'input' has 65 tokens, the limit is 64/],
    [{ input: 'word '.repeat(100) }, /'input' has \d+ tokens, the limit is 64/],
    [{ input: 'a', encoding_format: 'hex' }, /'encoding_format'/],
    [{ input: 'a', dimensions: 33 }, /'dimensions' is 33, the model's vectors have 32/],
    [{ input: 'a', dimensions: 0 }, /'dimensions': must be a positive integer/],
    [{}, /'input'/],
  ])('refuses a bad body and names the field: %#', async (body, message) => {
    await expect(embed(body)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
  });
});
