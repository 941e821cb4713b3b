import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, exportFolder, imageBytes, referenceCases } from '../../support/tasks/reference.ts';
import { type ServedExport, serveExport } from '../../support/tasks/served-export.ts';

interface Case {
  readonly image?: string;
  readonly text?: string;
  readonly parameters?: { readonly candidate_labels: string[] };
  readonly answer?: unknown;
  readonly embedding?: number[];
}

const base64 = (name = '') => Buffer.from(imageBytes(name)).toString('base64');

const cases = referenceCases<Case>('clip');

describe.each(['clip', 'clip-towers'])('%s', (name) => {
  let served: ServedExport;
  beforeAll(async () => {
    served = await serveExport(exportFolder(name));
  });

  const run = async (body: unknown, task?: string) =>
    (await served.tasks.run({ model: 'model', body, ...(task === undefined ? {} : { task }) })).body;

  it.each(cases.filter(({ answer }) => answer).map((each) => [each.image, each] as const))(
    'finds the labels of %s that the Python pipeline finds',
    async (_, { image, parameters, answer }) => {
      expectClose(await run({ inputs: base64(image), parameters }), answer);
      expectClose(await run({ inputs: { image: base64(image) }, parameters }), answer);
    },
  );

  it('puts images where the Python model puts them, one or several', async () => {
    const images = cases.filter(({ image, embedding }) => image !== undefined && embedding !== undefined);
    const [first] = images;
    expectClose(await run(imageBytes(first?.image ?? '')), first?.embedding);
    expectClose(
      await run({ inputs: images.map(({ image }) => base64(image)) }, 'image-feature-extraction'),
      images.map(({ embedding }) => embedding),
    );
  });

  it('puts texts where the Python model puts them, in both forms', async () => {
    const texts = cases.filter(({ text }) => text !== undefined);
    const inputs = texts.map(({ text }) => text);
    const expected = texts.map(({ embedding }) => embedding);
    expectClose(await run({ inputs, truncate: true }, 'feature-extraction'), expected);
    const answer = (await run({ input: inputs, truncation: true }, 'embeddings')) as {
      readonly data: readonly { readonly embedding: number[] }[];
    };
    expectClose(
      answer.data.map(({ embedding }) => embedding),
      expected,
    );
  });

  it('says which variant answered, by the name clients have for it', async () => {
    const body = { inputs: base64('photo.jpg'), parameters: { candidate_labels: ['a', 'b'] } };
    const { variant } = await served.tasks.run({ model: 'model@default', body });
    expect(variant).toBe('default');
    await expect(served.tasks.run({ model: 'model@int8', body })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it.each([
    [{ inputs: 'AAAA', parameters: {} }, /candidate_labels/],
    [{ inputs: 'AAAA', parameters: { candidate_labels: ['a'] } }, /not a JPEG, PNG or WebP/],
    [
      { inputs: 'AAAA', parameters: { candidate_labels: ['a', 'word '.repeat(50)] } },
      /'parameters\.candidate_labels\.1' has \d+ tokens, the limit is 24/,
    ],
  ])('refuses a bad body and names the field: %#', async (body, message) => {
    await expect(run(body)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
  });
});
