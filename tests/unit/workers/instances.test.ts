import { copyFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { ComputeBudget } from '../../../src/workers/compute-budget.ts';
import { openPool, type PoolOptions, type WorkerPool } from '../../../src/workers/worker-pool.ts';
import { modelFolder } from '../../support/onnx/make-models.ts';
import { slowModel } from '../../support/onnx/models.ts';
import { floatTensor, tensors } from '../../support/tensors.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

const path = await folder.write('slow.onnx', slowModel({ size: 256, depth: 8 }));
const row = () => tensors({ x: floatTensor([1, 4], 3) });

/** A warm pool of five instances on eight cores. */
async function opened(options: Partial<PoolOptions>): Promise<WorkerPool> {
  const pool = await openPool({
    path,
    instances: 5,
    intraOpThreads: 1,
    executionProviders: ['cpu'],
    budget: new ComputeBudget(8),
    entry: new URL('../../support/named-worker.ts', import.meta.url),
    ...options,
  });
  await pool.warm([1]);
  return pool;
}

/** The thread ids of the workers of so many runs that go on at once. */
const threadsOf = (pool: WorkerPool, runs: number): Promise<Set<number>> =>
  Promise.all(Array.from({ length: runs }, () => pool.run(row()))).then(
    (results) => new Set(results.map(({ timings }) => Math.round(timings.computeInfer))),
  );

/** Runs as many at once as there are instances until there are more of these; resolves once a slot is told of. */
async function grown(pool: WorkerPool): Promise<number> {
  const before = pool.instances;
  const { promise, resolve } = Promise.withResolvers<number>();
  const stop = pool.onSlotFree(() => pool.instances > before && resolve(pool.instances));
  expect(await threadsOf(pool, before)).toHaveProperty('size', before);
  const after = await promise;
  stop();
  return after;
}

describe('instances', () => {
  test('are opened when all that are open run, as many again as there are, up to the number that was asked for', async () => {
    const pool = await opened({ atFirst: 1 });
    const sizes = [pool.instances];
    while (sizes.at(-1) !== 5 && sizes.length < 5) sizes.push(await grown(pool));
    expect(sizes).toEqual([1, 2, 4, 5]);
    expect(await threadsOf(pool, 5)).toHaveProperty('size', 5);
    expect(pool.freeSlots).toBeGreaterThanOrEqual(5);
    expect(pool.threads).toBe(5);
    await pool.close();
  });

  test('are opened where one core is left and no more', async () => {
    const pool = await opened({ instances: 3, atFirst: 2, budget: new ComputeBudget(3) });
    expect(await grown(pool)).toBe(3);
    await pool.close();
  });

  test('are all open at once where nothing else is said', async () => {
    const pool = await opened({ instances: 2 });
    expect(pool.instances).toBe(2);
    await pool.close();
  });

  test('are not opened while one that is open is idle, or where no core is left for them', async () => {
    const [idle, crowded] = [
      await opened({ atFirst: 2 }),
      await opened({ atFirst: 2, budget: new ComputeBudget(2) }),
    ];
    await threadsOf(idle, 1);
    await threadsOf(crowded, 2);
    // Closing waits for what is being opened.
    await Promise.all([idle.close(), crowded.close()]);
    expect([idle.instances, crowded.instances]).toEqual([2, 2]);
  });

  test('are not opened from a file that is another one by now', async () => {
    const replaced = await folder.write('replaced.onnx', slowModel({ size: 256, depth: 8 }));
    const warn = vi.fn();
    const logger = { warn } as unknown as Logger;
    const pool = await opened({ atFirst: 1, path: replaced, logger });
    await copyFile(await folder.write('other.onnx', slowModel({ size: 64, depth: 2 })), replaced);
    await threadsOf(pool, 1);
    await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce());
    expect(await threadsOf(pool, 1)).toHaveProperty('size', 1);
    await pool.close();
    expect(pool.instances).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
  });
});
