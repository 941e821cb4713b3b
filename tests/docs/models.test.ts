import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cardPath, modelsPage } from '../../docs/generate/models-page.ts';
import { isDominated, type Mark } from '../../docs/generate/pareto-front.ts';
import { placeLabel } from '../../docs/generate/place-label.ts';
import { parseVariantsFile } from '../../src/repository/variants-file.ts';
import { folderWith } from '../unit/repository/model-files.ts';
import { exists, list, read } from './repository-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MOST_BYTES = 70e6;

const shipped = globSync('models/*/*/variants.json', { cwd: ROOT }).sort();
const models = shipped.map((path) => path.split('/')[1] ?? '');

test('the page and the pictures of the models are what their figures make', async () => {
  const made = await modelsPage(ROOT);
  for (const [path, text] of made) {
    expect(exists(path) ? read(path) : '', `${path}: npm run docs:models`).toBe(text);
  }
  const pictures = list(/^docs\/img\/models-.*\.svg$/);
  expect(pictures).toEqual([...made.keys()].filter((path) => path.endsWith('.svg')).sort());
});

test('the page has a card for every shipped model, with words on what it is for', () => {
  const page = read('docs/models.md');
  expect(models.length).toBeGreaterThan(1);
  for (const model of models) {
    expect(page).toContain(`\n## ${model}\n`);
    const words = exists(cardPath(model)) ? read(cardPath(model)) : '';
    for (const part of ['**For** ', '**Not for** ', '**Limits.** ']) expect(words, model).toContain(part);
  }
});

test.each(shipped)('the files of %s are those that were measured', (path) => {
  const folder = join(ROOT, path, '..');
  const { variants } = parseVariantsFile(JSON.parse(read(path)));
  const named = Object.values(variants).map(({ file }) => file);
  expect(named.sort()).toEqual(globSync('*.onnx', { cwd: folder }).sort());
  for (const { file, bytes, sha256 } of Object.values(variants)) {
    const content = readFileSync(join(folder, file));
    expect(content.length, file).toBe(bytes);
    expect(createHash('sha256').update(content).digest('hex'), file).toBe(sha256);
  }
});

test('the shipped models are small enough for a repository', () => {
  const sizes = list(/^models\/(?!factory\/)/).map((path) => statSync(join(ROOT, path)).size);
  expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(MOST_BYTES);
});

test('a model of which nothing was measured has a card without figures and without a picture', async () => {
  const root = await folderWith({
    'models/bare/1/model.onnx': 'x',
    'models/bare/1/variants.json': { variants: { default: { file: 'model.onnx' } } },
    'models/silent/1/model.onnx': 'x',
  });
  const made = await modelsPage(root);
  expect([...made.keys()]).toEqual(['docs/models.md']);
  const page = made.get('docs/models.md') ?? '';
  expect(page).toContain('## bare\n');
  expect(page).toContain('## silent\n');
  expect(page).not.toMatch(/NaN|undefined|null/);
});

test('slices, confusions and the way a variant was made are told from what was written down', async () => {
  const figures = (slice: number) => ({
    slices: { short: { n: 50, accuracy: slice }, empty: { n: 0, accuracy: null } },
    per_class_recall: { tea: 0.5, coffee: 1 },
    worst_confusions: [{ true: 'tea', predicted: 'coffee', count: 4 }],
    privacy: { epsilon: 3 },
  });
  const root = await folderWith({
    'models/drinks/1/model.onnx': 'x',
    'models/drinks/1/model_int8.onnx': 'x',
    'models/drinks/1/variants.json': {
      data: { name: 'Orders', licence: 'CC0' },
      variants: {
        default: {
          ...{ file: 'model.onnx', accuracy: 0.9, lineage: ['clean', 'train'] },
          ...{ evaluation: figures(0.8), latency: { ms: { 16: 20 } } },
        },
        int8: {
          ...{ file: 'model_int8.onnx', accuracy: 0.88, lineage: ['clean', 'train', 'static QDQ'] },
          ...{ evaluation: figures(0.7), latency: { ms: { 16: 5 } } },
        },
      },
    },
  });
  const made = await modelsPage(root);
  const page = made.get('docs/models.md') ?? '';
  expect(page).toContain('**Data:** Orders, licence CC0.');
  expect(page).toContain('| `int8` | 88.00 % | -2.00 | 5.00 | 4.00 | 0.00 |');
  expect(page).toContain('- `int8`: `default`, then static QDQ');
  expect(page).toContain('| tea | 50.0 % | coffee (4) |');
  expect(page).toContain('Served worst: "short" (50 rows), 80.0 %, 10.0 points under the whole.');
  expect(page).toContain('`int8` loses most on "short": 10.0 points.');
  expect(page).toContain('| privacy: epsilon | 3 | 3 |');
  const picture = made.get('docs/img/models-drinks.svg') ?? '';
  expect(picture).toContain('int8, 0.0 MB');
  expect(picture).not.toMatch(/NaN|undefined|Infinity/);
});

test('a variant is off the Pareto line when another is as fast and as accurate, and better in one', () => {
  const mark = (ms: number, accuracy: number): Mark => ({ name: '', ms, accuracy, bytes: 1 });
  const [slow, quick, poor] = [mark(10, 0.9), mark(5, 0.9), mark(1, 0.8)];
  const family = [slow, quick, poor, mark(5, 0.9)];
  expect(family.map((each) => isDominated(each, family))).toEqual([true, false, false, false]);
});

test('a label goes where nothing is yet, and stays inside', () => {
  const inside = { left: 0, right: 200, top: 0, bottom: 100 };
  const dot = { left: 95, right: 105, top: 45, bottom: 55 };
  const first = placeLabel('default', dot, [dot], inside);
  expect(first.box.left).toBeGreaterThan(dot.right);
  const second = placeLabel('default', dot, [dot, first.box], inside);
  expect(second.box.right).toBeLessThan(dot.left);
  const edge = { ...dot, left: 185, right: 195 };
  expect(placeLabel('default', edge, [edge], inside).box.right).toBeLessThan(edge.left);
});
