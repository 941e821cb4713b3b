import { expect, test } from 'vitest';
import { openRepository } from '../../../src/repository/model-repository.ts';
import { folderWith } from './model-files.ts';

/** Why a version cannot be loaded whose variants have these accuracies, null for one that was not measured. */
async function problemOf(
  settings: object,
  accuracies: Readonly<Record<string, number | null>>,
): Promise<string | undefined> {
  const names = Object.keys(accuracies).map((name) => [
    name,
    name === 'default' ? 'model.onnx' : `model_${name}.onnx`,
  ]);
  const measured = Object.entries(accuracies).map(([name, accuracy]) => [
    name,
    { file: Object.fromEntries(names)[name], ...(accuracy === null ? {} : { accuracy }) },
  ]);
  const path = await folderWith({
    ...Object.fromEntries(names.map(([, file]) => [`m/1/${file}`, 'x'])),
    'm/model.json': settings,
    'm/1/variants.json': {
      model: 'm',
      version: 1,
      task: 'tensors',
      data: { name: 'd', licence: 'l', source: 's' },
      variants: Object.fromEntries(measured),
    },
  });
  const { models } = await openRepository({ path }).scan();
  return models[0]?.versions[0]?.problem;
}

test.each<[object, Readonly<Record<string, number | null>>, string | undefined]>([
  [{}, { default: null }, undefined],
  [{ minAccuracy: 0 }, { default: null }, undefined],
  [{ minAccuracy: 0.94 }, { default: 0.9, large: 0.94 }, undefined],
  [
    { minAccuracy: 0.95 },
    { default: 0.9, large: 0.94 },
    'minAccuracy is 0.95, the best accuracy of a variant is 0.94',
  ],
  [
    { minAccuracy: 0.94, variants: ['default'] },
    { default: 0.9, large: 0.94 },
    'minAccuracy is 0.94, the best accuracy of a variant is 0.9',
  ],
  [
    { minAccuracy: 0.5 },
    { default: null, large: 0.94 },
    "minAccuracy is 0.5, but the accuracy of variant 'default' was not measured",
  ],
  [{ minAccuracy: 0.5, defaultVariant: 'gone' }, { default: 0.9 }, undefined],
])('a version under %j with accuracies of %j has the problem %s', async (settings, accuracies, problem) => {
  expect(await problemOf(settings, accuracies)).toBe(problem);
});
