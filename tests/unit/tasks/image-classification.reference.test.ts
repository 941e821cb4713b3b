import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose, exportFolder, imageBytes, referenceCases } from '../../support/tasks/reference.ts';
import { type ServedExport, serveExport } from '../../support/tasks/served-export.ts';

interface Case {
  readonly image: string;
  readonly parameters: Record<string, unknown>;
  readonly answer: unknown;
}

const run = async ({ tasks }: ServedExport, body: unknown) =>
  (await tasks.run({ model: 'model', body })).body;

const base64 = (name: string) => Buffer.from(imageBytes(name)).toString('base64');

describe.each(['vit-classifier', 'resnet-classifier'])('%s', (name) => {
  const cases = referenceCases<Case>(name);
  let served: ServedExport;
  beforeAll(async () => {
    served = await serveExport(exportFolder(name));
  });

  it.each(cases.map((each) => [each.image, each] as const))(
    'classifies %s as the Python pipeline does',
    async (image, { parameters, answer }) => {
      expectClose(await run(served, { inputs: base64(image), parameters }), answer);
    },
  );

  it('classifies a list of images in its order', async () => {
    const some = cases.slice(0, 6);
    const inputs = some.map(({ image }) => `data:image/jpeg;base64,${base64(image)}`);
    const [first] = some;
    expectClose(
      await run(served, { inputs, parameters: first?.parameters }),
      some.map(({ answer }) => answer),
    );
  });
});

describe('image classification', () => {
  let served: ServedExport;
  beforeAll(async () => {
    served = await serveExport(exportFolder('vit-classifier'));
  });

  it('reads the raw bytes of an image, and answers with the five best labels', async () => {
    const [first] = referenceCases<Case & { readonly answer: unknown[] }>('vit-classifier');
    const answer = await run(served, imageBytes(first?.image ?? ''));
    expectClose(answer, first?.answer.slice(0, 5));
  });

  const photo = Buffer.from(imageBytes('photo.jpg'));
  const png = Buffer.from(imageBytes('wide.png'));

  it.each([
    ['one that is cut off', photo.subarray(0, photo.length / 2), /corrupt or cut off/],
    ['one that is cut off', png.subarray(0, png.length / 2), /corrupt or cut off/],
    ['one with only a head', photo.subarray(0, 20), /corrupt or cut off/],
    [
      'one of another format',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      /not a JPEG, PNG or WebP/,
    ],
    ['no image', Buffer.from('GIF89a and so on'), /not a JPEG, PNG or WebP/],
    ['nothing', Buffer.alloc(0), /not a JPEG, PNG or WebP/],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(run(served, new Uint8Array(bytes))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
  });

  it('refuses 100 megapixels by the header, before it decodes any', async () => {
    const blank = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
    const bytes = await blank.png().toBuffer();
    // The size in the header of a PNG; its checksum covers it.
    bytes.writeUInt32BE(10_000, 16);
    bytes.writeUInt32BE(10_000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    await expect(run(served, new Uint8Array(bytes))).rejects.toMatchObject({
      code: 'invalid_argument',
      message: 'the image has 10000 x 10000 = 100000000 pixels, the limit is 50000000',
    });
  });

  it('refuses an image so thin that resizing would blow it up', async () => {
    const resnet = await serveExport(exportFolder('resnet-classifier'));
    const thin = sharp({ create: { width: 40_000, height: 1, channels: 3, background: 'red' } });
    const inputs = (await thin.png().toBuffer()).toString('base64');
    await expect(run(resnet, { inputs })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/40000 x 1 and would be resized to/),
    });
  });

  it.each([
    [{ inputs: 'not base64!' }, /'inputs': must be an image in base64/],
    [{ inputs: 5 }, /'inputs': must be an image in base64/],
    [{ inputs: [] }, /'inputs': must not be empty/],
    [{ inputs: Array.from({ length: 65 }, () => 'AAAA') }, /'inputs': must not have more than 64 images/],
    [{ inputs: 'AAAA', parameters: { top_k: -1 } }, /'parameters\.top_k'/],
  ])('refuses a bad body and names the field: %#', async (body, message) => {
    await expect(run(served, body)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(message),
    });
  });
});
