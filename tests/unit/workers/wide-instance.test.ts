import { readdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { RunOptions, RunResult } from '../../../src/inference/runner.ts';
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
async function warmed(options: Partial<PoolOptions> = {}) {
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
  pool.shortRunsInPlace();
  return pool;
}

async function opened(options?: Partial<PoolOptions>) {
  const pool = await warmed(options);
  await pool.openWideInstance();
  return pool;
}

/** Whether a run is said to have had all cores; others take twice as long. */
const isWide = async (run: Promise<RunResult>): Promise<boolean> =>
  Math.round((await run).timings.computeInfer) === 12;

describe('a run that is the only one', () => {
  test('has more threads than others, says so, and has the same answer', async () => {
    const pool = await opened();
    const { apart, timings, outputs } = await pool.run(row(), ALONE);
    expect(apart).toBe(true);
    expect(timings.computeInfer).toBeCloseTo(12);
    expect(valuesOf(outputs, 'sum')).toEqual([3, 3, 3, 3]);
    expect(pool.threads).toBe(3);
    await pool.close();
  });

  test('holds a slot like others, and leaves no core to spare', async () => {
    const budget = new ComputeBudget(4);
    const pool = await opened({ budget });
    expect(pool.spare).toBe(true);
    const run = pool.run(row(), ALONE);
    expect([pool.running, pool.freeSlots, pool.spare]).toEqual([1, 1, false]);
    await run;
    expect([pool.running, pool.freeSlots, pool.spare]).toEqual([0, 2, true]);
    await pool.close();
  });

  test('runs like others now and then, so that what they take stays known', async () => {
    const pool = await opened();
    let wide = 0;
    for (let run = 0; run < 16; run++) if (await isWide(pool.run(row(), ALONE))) wide++;
    expect(wide).toBe(14);
    await pool.close();
  });
});

describe('a run has no more threads than others', () => {
  test('where something waits behind it, or nobody waits for it', async () => {
    const pool = await opened();
    expect(await isWide(pool.run(row()))).toBe(false);
    expect(await isWide(pool.run(row(), { ...ALONE, background: true }))).toBe(false);
    await pool.close();
  });

  test('while another one goes on, of the same model or of another; what they take is not told by it', async () => {
    const budget = new ComputeBudget(2);
    const [pool, other] = [await opened({ budget }), await opened({ budget })];
    const runs = [pool.run(row(), ALONE), pool.run(row(), ALONE), other.run(row(), ALONE)];
    expect(await Promise.all(runs.map(isWide))).toEqual([true, false, false]);
    for (const run of runs) expect(await run).toMatchObject({ apart: true });
    expect(await other.run(row())).not.toHaveProperty('apart');
    await Promise.all([pool.close(), other.close()]);
  });

  test.each([
    ['more of them make it no faster', { path: noFaster }],
    ['a session with more cannot be opened', { path: noMore }],
    ['there are no more cores', { budget: new ComputeBudget(1) }],
    ['instances or threads are configured', { wide: false }],
  ])('where %s', async (_, options) => {
    const pool = await opened(options);
    expect(await pool.run(row(), ALONE)).not.toHaveProperty('apart');
    expect(pool.threads).toBe(2);
    await pool.close();
  });
});

test('a run has no more threads than others where the file is another one by now', async () => {
  const replaced = await folder.write('replaced.onnx', addModel());
  const pool = await warmed({ path: replaced });
  await rename(await folder.write('other.onnx', addModel()), replaced);
  await pool.openWideInstance();
  expect(await pool.run(row(), ALONE)).not.toHaveProperty('apart');
  expect(pool.threads).toBe(2);
  await pool.close();
});

test('a run whose worker dies fails alone; others do without it until there is another', async () => {
  const pool = await opened();
  const deadly = tensors({ a: floatTensor([1, 4], Number.NaN), b: floatTensor([1, 4], 0) });
  await expect(pool.run(deadly, ALONE)).rejects.toMatchObject({ code: 'unavailable' });
  expect(await isWide(pool.run(row(), ALONE))).toBe(false);
  await vi.waitUntil(() => isWide(pool.run(row(), ALONE)), { timeout: 10_000 });
  await pool.close();
});

test.runIf(process.platform === 'linux')(
  'a pool that is closed leaves no thread behind, nor one that is just being opened',
  async () => {
    const threads = () => readdirSync('/proc/self/task').length;
    const before = threads();
    const [pool, opening] = [await opened(), await warmed()];
    void opening.openWideInstance();
    expect(threads()).toBeGreaterThan(before);
    await Promise.all([pool.close(), opening.close()]);
    await vi.waitFor(() => expect(threads()).toBeLessThanOrEqual(before));
  },
);
