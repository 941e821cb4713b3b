import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRepository } from '../../../src/repository/model-repository.ts';
import type { ModelSource } from '../../../src/repository/model-source.ts';
import { folderWith } from './model-files.ts';

/** `name/version/variant=file` of everything, default variants with a star. */
const outline = (models: readonly ModelSource[]): string[] =>
  models.flatMap(({ name, versions }) =>
    versions.flatMap(({ version, variants, defaultVariant }) =>
      [...variants].map(
        ([variant, { name: file }]) =>
          `${name}/${version}/${variant}${variant === defaultVariant ? '*' : ''}=${file}`,
      ),
    ),
  );

async function scan(files: Readonly<Record<string, unknown>>, modelName?: string) {
  const path = await folderWith(files);
  return openRepository({ path, ...(modelName === undefined ? {} : { modelName }) }).scan();
}

async function only(files: Readonly<Record<string, unknown>>): Promise<ModelSource> {
  const { models } = await scan(files);
  expect(models).toHaveLength(1);
  return models[0] as ModelSource;
}

test('models with version folders and variants are found, and other folders are not models', async () => {
  const { models } = await scan({
    'intent/1/model.onnx': 'a',
    'intent/10/model.onnx': 'b',
    'intent/2/model.onnx': 'c',
    'intent/2/model_int8.onnx': 'd',
    'intent/02/model.onnx': 'no version',
    'intent/notes/model.onnx': 'no version',
    'factory/train.py': 'print()',
    '.git/1/model.onnx': 'hidden',
    'README.md': 'text',
  });
  expect(outline(models)).toEqual([
    'intent/1/default*=model.onnx',
    'intent/2/default*=model.onnx',
    'intent/2/int8=model_int8.onnx',
    'intent/10/default*=model.onnx',
  ]);
});

test('a Hugging Face export is a model, with its variants in the folder onnx or flat', async () => {
  const { models } = await scan({
    'nested/onnx/model.onnx': 'a',
    'nested/onnx/model_quantized.onnx': 'b',
    'nested/config.json': { id2label: { 0: 'no', 1: 'yes' } },
    'nested/tokenizer.json': {},
    'flat/model_fp16.onnx': 'a',
    'flat/model_q4.onnx': 'a',
    'flat/config.json': {},
  });
  expect(outline(models)).toEqual([
    'flat/1/fp16*=model_fp16.onnx',
    'flat/1/q4=model_q4.onnx',
    'nested/1/default*=model.onnx',
    'nested/1/quantized=model_quantized.onnx',
  ]);
  const nested = models[1]?.versions[0];
  expect(nested?.folder.endsWith('/nested')).toBe(true);
  expect(nested?.labels.unnamed).toEqual(['no', 'yes']);
});

test.each<[string, Record<string, unknown>, string[]]>([
  [
    'bare files',
    { 'model.onnx': 'a', 'model_int8.onnx': 'b' },
    ['m/1/default*=model.onnx', 'm/1/int8=model_int8.onnx'],
  ],
  ['one file of any name', { 'net.onnx': 'a', 'net.onnx_data': 'w' }, ['m/1/default*=net.onnx']],
  ['an export', { 'onnx/model.onnx': 'a', 'config.json': {} }, ['m/1/default*=model.onnx']],
  ['version folders', { '3/model.onnx': 'a', 'config.pbtxt': 'name: "other"' }, ['m/3/default*=model.onnx']],
])('a root that is itself a model (%s) is served under the given name', async (_, files, expected) => {
  const { models } = await scan(files, 'm');
  expect(outline(models)).toEqual(expected);
  expect(models[0]?.problem).toBeUndefined();
});

test.runIf(process.platform === 'linux')(
  'a folder beside a model that cannot be read, as the lost+found of a volume, keeps nothing from being served',
  async () => {
    const path = await folderWith({ 'model.onnx': 'a', 'lost+found/piece': 'b' });
    await chmod(path, 0o755);
    await chmod(join(path, 'lost+found'), 0);
    const root = process.getuid?.() === 0;
    // Root may read everything.
    if (root) process.seteuid?.(65_534);
    try {
      const { models, warnings } = await openRepository({ path, modelName: 'm' }).scan();
      expect(outline(models)).toEqual(['m/1/default*=model.onnx']);
      expect(warnings).toEqual([]);
    } finally {
      if (root) process.seteuid?.(0);
      await chmod(join(path, 'lost+found'), 0o700);
    }
  },
);

test('the graphs of a model of texts and images are variants of their own', async () => {
  const { models } = await scan({
    'clip/onnx/text_model.onnx': 'a',
    'clip/onnx/text_model_int8.onnx': 'b',
    'clip/onnx/vision_model.onnx': 'c',
    'clip/onnx/vision_model_int8.onnx': 'd',
    'clip/config.json': {},
  });
  expect(outline(models)).toEqual([
    'clip/1/text*=text_model.onnx',
    'clip/1/text_int8=text_model_int8.onnx',
    'clip/1/vision=vision_model.onnx',
    'clip/1/vision_int8=vision_model_int8.onnx',
  ]);
});

test('a root that is a single ONNX file is a model with its name', async () => {
  const path = await folderWith({ 'net.onnx': 'a', 'other.onnx': 'b' });
  const { models } = await openRepository({ path: join(path, 'net.onnx') }).scan();
  expect(outline(models)).toEqual(['net/1/default*=net.onnx']);
});

test('a single model without a name takes its folder', async () => {
  const path = await folderWith({ 'my model/model.onnx': 'a', 'good/model.onnx': 'a' });
  expect(outline((await openRepository({ path: join(path, 'good') }).scan()).models)).toEqual([
    'good/1/default*=model.onnx',
  ]);
  await expect(openRepository({ path: join(path, 'my model') }).scan()).rejects.toThrow('--model-name');
});

test('folders that cannot be served are named in a warning', async () => {
  const { models, warnings } = await scan({ 'my model/model.onnx': 'a' });
  expect(models).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining('"my model"')]);
  const root = await scan({ 'model.onnx': 'a', 'intent/1/model.onnx': 'b' }, 'm');
  expect(root.warnings).toEqual([expect.stringContaining('"intent"')]);
});

test('a repository that is not there is refused', async () => {
  const path = await folderWith({ 'text.txt': 'x' });
  await expect(openRepository({ path: join(path, 'none') }).scan()).rejects.toThrow('ENOENT');
  await expect(openRepository({ path: join(path, 'text.txt') }).scan()).rejects.toThrow('.onnx');
});

test('a broken configuration makes its model broken, and no other', async () => {
  const { models } = await scan({
    'a/1/model.onnx': 'x',
    'a/model.json': { maxBatchsize: 4 },
    'b/1/model.onnx': 'x',
    'b/model.json': '{"maxBatchSize": 4,}',
    'c/1/model.onnx': 'x',
    'd/model.json': {},
    'e/1/model.onnx': 'x',
    'e/1/variants.json': { variants: { default: { file: 'model.onnx', acuracy: 1 } } },
  });
  const problems = models.map(({ name, problem, versions }) => [name, problem ?? versions[0]?.problem]);
  expect(problems).toEqual([
    ['a', "model.json: unknown key 'maxBatchsize'"],
    ['b', expect.stringMatching(/^model\.json: .*JSON/)],
    ['c', undefined],
    ['d', 'no version with an ONNX file'],
    ['e', "variants.json: unknown key 'variants.default.acuracy'"],
  ]);
});

test('measurements come from variants.json, and a file it names in vain is a broken variant', async () => {
  const sha256 = 'a'.repeat(64);
  const model = await only({
    'intent/1/model.onnx': 'abc',
    'intent/1/model.onnx_data': '12345',
    'intent/1/onnx__MatMul_17': '1234567',
    'intent/1/student.onnx': 'x',
    'intent/1/variants.json': {
      model: 'intent',
      version: 1,
      task: 'text-classification',
      data: { name: 'd', licence: 'l', source: 's', more: 1 },
      variants: {
        default: {
          file: 'model.onnx',
          bytes: 3,
          sha256,
          accuracy: 0.94,
          evaluation: { n: 10 },
          lineage: ['a'],
          seed: 7,
        },
        small: { file: 'student.onnx', accuracy: 0.9 },
        gone: { file: 'model_gone.onnx' },
        constructor: { file: 'constructor.onnx' },
      },
    },
  });
  const [version] = model.versions;
  expect(version?.task).toBe('text-classification');
  expect(version?.variants.get('default')).toMatchObject({ accuracy: 0.94, sha256, bytes: 8, dataBytes: 12 });
  expect(version?.variants.get('small')).toMatchObject({ name: 'student.onnx', accuracy: 0.9 });
  expect(version?.variants.get('gone')?.problem).toBe('file model_gone.onnx is not there');
  expect(version?.selected[0]).toBe('default');
});

test.each(['../secret.onnx', '/etc/x.onnx', '.hidden.onnx', 'model.txt'])(
  'variants.json cannot name %s',
  async (file) => {
    const model = await only({
      'm/1/model.onnx': 'x',
      'm/1/variants.json': { variants: { default: { file } } },
    });
    expect(model.versions[0]?.problem).toContain("'variants.default.file'");
  },
);

test('links that lead out of the repository are refused, links inside it are followed', async () => {
  const outside = await folderWith({
    'model.onnx': 'secret',
    '1/model.onnx': 'secret',
    'labels.txt': 'secret',
  });
  const path = await folderWith({
    '..data/model.onnx': 'x',
    'ok/1/notes.txt': 'x',
    'bad/1/model_int8.onnx': 'x',
  });
  await symlink(join(path, '..data', 'model.onnx'), join(path, 'ok', '1', 'model.onnx'));
  await symlink(join(outside, 'model.onnx'), join(path, 'bad', '1', 'model.onnx'));
  await symlink(join(outside, 'labels.txt'), join(path, 'bad', '1', 'labels.txt'));
  await symlink(outside, join(path, 'folder'));
  await symlink(join(outside, 'nothing'), join(path, 'dangling'));
  const { models } = await openRepository({ path }).scan();
  expect(outline(models)).toEqual([
    'bad/1/int8=model_int8.onnx',
    'bad/1/default*=model.onnx',
    'ok/1/default*=model.onnx',
  ]);
  expect(models[0]?.versions[0]?.variants.get('default')).toMatchObject({
    path: '',
    problem: expect.stringContaining('leads out'),
  });
  expect(models[0]?.versions[0]?.labels.unnamed).toBeUndefined();
  expect(models[1]).toMatchObject({ name: 'folder', problem: expect.stringContaining('leads out') });
});

test('a name is looked up and never joined to a path', async () => {
  const path = await folderWith({ 'models/m/1/model.onnx': 'x', 'other/1/model.onnx': 'x' });
  const repository = openRepository({ path: join(path, 'models') });
  expect(await repository.find('../other')).toBeUndefined();
  expect(await repository.find('m/../m')).toBeUndefined();
  expect((await repository.find('m'))?.name).toBe('m');
});

test('labels come from model.json, a labels file or the export, in this order', async () => {
  const labels = async (files: Readonly<Record<string, unknown>>) => {
    const model = await only({ 'm/1/model.onnx': 'x', ...files });
    return model.versions[0];
  };
  const config = { id2label: { 1: 'b', 0: 'a' } };
  expect((await labels({ 'm/1/config.json': config }))?.labels.unnamed).toEqual(['a', 'b']);
  expect((await labels({ 'm/1/config.json': config, 'm/labels.txt': 'x\r\ny\n' }))?.labels.unnamed).toEqual([
    'x',
    'y',
  ]);
  const named = await labels({
    'm/model.json': { labels: { logits: ['n'], other: 'names.txt' } },
    'm/names.txt': 'z',
  });
  expect([...(named?.labels.byOutput ?? [])]).toEqual([
    ['logits', ['n']],
    ['other', ['z']],
  ]);
  const absent = await labels({ 'm/model.json': { labels: { logits: '../names.txt' } } });
  expect(absent?.problem).toContain("'../names.txt' is not beside the model");
});

test('model.json chooses what is loaded and what answers', async () => {
  const model = await only({
    'm/1/model.onnx': 'x',
    'm/1/model_int8.onnx': 'x',
    'm/model.json': { variants: ['int8', 'tiny'], task: 'text-classification' },
  });
  const [version] = model.versions;
  expect(version?.defaultVariant).toBe('int8');
  expect(version?.selected).toEqual(['int8', 'tiny']);
  expect([...(version?.variants.keys() ?? [])]).toEqual(['default', 'int8', 'tiny']);
  expect(version?.variants.get('tiny')?.problem).toBe('file model_tiny.onnx is not there');
});

test('nothing is written, and an unreadable layout is no crash', async () => {
  const path = await folderWith({ 'm/1/other.txt': 'x' });
  await mkdir(join(path, 'm', '1', 'model.onnx'));
  const { models } = await openRepository({ path }).scan();
  expect(models).toEqual([]);
});
