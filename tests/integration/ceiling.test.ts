import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Ceiling } from '../../bench/ceiling/ceiling.ts';
import { fixedBatchModel } from '../support/onnx/models.ts';

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
