import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Ceiling } from '../../bench/ceiling/ceiling.ts';
import { input, integers, model, node, output } from '../support/onnx/graph.ts';
import { fixedBatchModel, poisonModel } from '../support/onnx/models.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-ceiling-test-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function ceilingOf(onnx: Uint8Array): Promise<Ceiling> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, onnx);
  const setup = { path, intraOpThreads: 1, largestId: 10, seed: 1 };
  return Ceiling.open({ ...setup, lengths: { kind: 'fixed', length: 4 } }, 1, 30);
}

test('rows that a model does not take are not counted', async () => {
  await using ceiling = await ceilingOf(fixedBatchModel());
  expect(ceiling.bestBatch).toBe(1);
  const perSecond = await ceiling.rowsPerSecond(100, 32);
  const { mean } = await ceiling.latency(100);
  expect(perSecond).toBeLessThan((1000 / mean) * 8);
});

test('a model that takes one row in spite of its shape has a ceiling of one row', async () => {
  const oneRow = model([
    input('x', 'FP32', ['batch', 4]),
    output('y', 'FP32', [1, 4]),
    integers('shape', [2], [1, 4]),
    node('Reshape', ['x', 'shape'], ['y']),
  ]);
  await using ceiling = await ceilingOf(oneRow);
  expect(ceiling.bestBatch).toBe(1);
  expect(await ceiling.rowsPerSecond(50)).toBeGreaterThan(0);
});

test('a model that does not run says why', async () => {
  await expect(ceilingOf(poisonModel(1))).rejects.toThrow(/the ceiling of 1 rows a run: .*bounds/s);
});
