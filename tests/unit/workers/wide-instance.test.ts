import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunOptions } from '../../../src/inference/runner.ts';
import { ComputeBudget } from '../../../src/workers/compute-budget.ts';
import { openPool, type PoolOptions } from '../../../src/workers/worker-pool.ts';
import { modelFolder } from '../../support/onnx/make-models.ts';
import { addModel } from '../../support/onnx/models.ts';
import { floatTensor, tensors, valuesOf } from '../../support/tensors.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

const path = await folder.write('add.onnx', addModel());
const noFaster = await folder.write('no-faster.onnx', addModel());
const noMore = await folder.write('few-threads.onnx', addModel());

const row = () => tensors({ a: floatTensor([1, 4], 1), b: floatTensor([1, 4], 2) });
const ALONE: RunOptions = { alone: true };

/** A pool on two cores that has been warmed. */
async function opened(options: Partial<PoolOptions> = {}) {
  const pool = await openPool({
    path,
    instances: 2,
    intraOpThreads: 1,
    executionProviders: ['cpu'],
    budget: new ComputeBudget(2),
    wide: true,
    entry: new URL('../../support/timed-worker.ts', import.meta.url),
    ...options,
  });
  await pool.warm([1]);
  await pool.speedUpLoneRuns();
  return pool;
}

describe('a run that is the only one', () => {
  test('has more threads than others, and the same answer', async () => {
    const pool = await opened();
    const { wide, timings, outputs } = await pool.run(row(), ALONE);
    expect(wide).toBe(true);
    expect(timings.computeInfer).toBeCloseTo(12);
    expect(valuesOf(outputs, 'sum')).toEqual([3, 3, 3, 3]);
    await pool.close();
  });

  test('holds a slot like others', async () => {
    const pool = await opened();
    const run = pool.run(row(), ALONE);
    expect([pool.running, pool.freeSlots]).toEqual([1, 1]);
    await run;
    expect([pool.running, pool.freeSlots]).toEqual([0, 2]);
    await pool.close();
  });
});

describe('a run has no more threads than others', () => {
  test('where something waits behind it, or nobody waits for it', async () => {
    const pool = await opened();
    expect(await pool.run(row())).not.toHaveProperty('wide');
    expect(await pool.run(row(), { ...ALONE, background: true })).not.toHaveProperty('wide');
    await pool.close();
  });

  test('while another one goes on, of the same model or of another', async () => {
    const budget = new ComputeBudget(2);
    const [pool, other] = [await opened({ budget }), await opened({ budget })];
    const [first, second, third] = [pool.run(row(), ALONE), pool.run(row(), ALONE), other.run(row(), ALONE)];
    expect(await first).toMatchObject({ wide: true });
    expect(await second).not.toHaveProperty('wide');
    expect(await third).not.toHaveProperty('wide');
    await Promise.all([pool.close(), other.close()]);
  });

  test.each([
    ['more of them make it no faster', { path: noFaster }],
    ['a session with more cannot be opened', { path: noMore }],
    ['there are no more cores', { budget: new ComputeBudget(1) }],
    ['instances or threads are configured', { wide: false }],
  ])('where %s', async (_, options) => {
    const pool = await opened(options);
    expect(await pool.run(row(), ALONE)).not.toHaveProperty('wide');
    await pool.close();
  });
});

test.runIf(process.platform === 'linux')('a pool that is closed leaves no thread behind', async () => {
  const threads = () => readdirSync('/proc/self/task').length;
  const before = threads();
  const pool = await opened();
  expect(threads()).toBeGreaterThan(before);
  await pool.close();
  expect(threads()).toBe(before);
});
