import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listModels } from '../../../src/cli/list-models.ts';
import { folderWith } from '../repository/model-files.ts';

const FILE = 'not opened by this command';
const SHA256 = createHash('sha256').update(FILE).digest('hex');

const MEASURED = {
  task: 'text-classification',
  variants: {
    default: { file: 'model.onnx', sha256: SHA256, accuracy: 0.9413, latency: { ms: { 1: 2.4, 16: 60 } } },
    int8: { file: 'model_int8.onnx', sha256: SHA256, accuracy: 0.94, latency: { ms: { 1: 0.8, 16: 24 } } },
  },
};

async function list(root: string, ...argv: string[]) {
  return listOn(undefined, root, ...argv);
}

async function listOn(colours: boolean | undefined, root: string, ...argv: string[]) {
  let text = '';
  const code = await listModels(['--model-repository', root, ...argv], {
    ...(colours === undefined ? {} : { hasColors: () => colours }),
    write: (part) => {
      text += part;
    },
  });
  return { code, text, lines: text.trimEnd().split('\n') };
}

const measuredModel = {
  'topics/1/model.onnx': FILE,
  'topics/1/model_int8.onnx': FILE,
  'topics/1/variants.json': MEASURED,
};

test('the table has a line for every variant, with its speed against the default', async () => {
  const root = await folderWith(measuredModel);
  const { code, lines } = await list(root);
  expect(code).toBe(0);
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    [
      ...['model', 'version', 'variant', 'accuracy', 'bytes', 'ms b=1', 'ms b=4', 'ms b=16'],
      ...['x faster', 'sha256', 'task'],
    ],
    ['topics', '1', 'default *', '94.13 %', '26', '2.400', '-', '60.000', '1.00', 'ok', MEASURED.task],
    ['topics', '1', 'int8', '94.00 %', '26', '0.800', '-', '24.000', '2.50', 'ok', MEASURED.task],
  ]);
});

test('columns are aligned, and coloured on a terminal only', async () => {
  const root = await folderWith({ ...measuredModel, 'a-model-with-a-long-name/1/model.onnx': FILE });
  const plain = await list(root);
  const places = plain.lines.slice(1).map((line) => line.search(/ (ok|-) {2,}\S+$/));
  expect(new Set(places).size).toBe(1);
  expect(plain.text).not.toContain('\u001B');
  expect((await listOn(false, root)).text).toBe(plain.text);
  expect((await listOn(true, root)).text).toContain('\u001B[1m');
});

test('a model without variants.json is listed with what its folder tells', async () => {
  const root = await folderWith({ 'bare/1/model.onnx': FILE });
  const { code, lines } = await list(root);
  expect(code).toBe(0);
  expect(lines[1]?.split(/ {2,}/)).toEqual([
    ...['bare', '1', 'default *', '-', '26', '-', '-', '-', '-', '-', '-'],
  ]);
});

test('the task of an export is the one its own files tell', async () => {
  const root = await folderWith({
    'ner/1/model.onnx': FILE,
    'ner/1/config.json': { architectures: ['BertForTokenClassification'] },
  });
  expect((await list(root)).lines[1]).toMatch(/ token-classification$/);
});

test('a file that is not the measured one is named, and the exit code tells', async () => {
  const root = await folderWith({ ...measuredModel, 'topics/1/model_int8.onnx': 'changed' });
  const { code, text, lines } = await list(root);
  expect(code).toBe(1);
  expect(lines[2]).toContain('wrong');
  expect(text).toContain("topics version 1 variant 'int8': model_int8.onnx has sha256");
});

test('a model that cannot be read is named beside those that can', async () => {
  const root = await folderWith({ ...measuredModel, 'broken/1/model.onnx': FILE, 'broken/model.json': '{' });
  const { code, text } = await list(root);
  expect(code).toBe(1);
  expect(text).toContain('94.13 %');
  expect(text).toContain('broken: model.json: ');
});

test('figures of a form nobody knows are left out', async () => {
  const odd = { file: 'model.onnx', latency: { ms: 'fast' }, evaluation: { slices: 3 } };
  const root = await folderWith({
    'odd/1/model.onnx': FILE,
    'odd/1/variants.json': { variants: { default: odd } },
  });
  expect((await list(root)).lines[1]).toMatch(/^odd .*- +- +-/);
});

test('JSON has the same figures as numbers', async () => {
  const root = await folderWith(measuredModel);
  const { text } = await list(root, '--json');
  expect(JSON.parse(text)).toMatchObject({
    problems: [],
    variants: [
      { variant: 'default', default: true, accuracy: 0.9413, speedup: 1, sha256: 'ok' },
      { variant: 'int8', default: false, ms: { 1: 0.8, 4: null, 16: 24 }, speedup: 2.5, bytes: 26 },
    ],
  });
});

test('a folder that is no repository is refused by name', async () => {
  const root = await folderWith({ 'notes.txt': 'no model here' });
  await expect(list(root)).rejects.toThrow(`${root} is no model repository`);
  await expect(list(join(root, 'nowhere'))).rejects.toThrow('cannot be read (ENOENT)');
});

test('an unknown flag is refused, and help names every flag', async () => {
  await expect(list('.', '--modell')).rejects.toThrow("'--modell'");
  const { text } = await list('.', '--help');
  for (const flag of ['--model-repository', '--model-name', '--json']) expect(text).toContain(flag);
});
