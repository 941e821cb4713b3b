import { rename, rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { ComputeBudget } from '../../../src/workers/compute-budget.ts';
import { openPool, type PoolOptions, type WorkerPool } from '../../../src/workers/worker-pool.ts';
import { modelFolder } from '../../support/onnx/make-models.ts';
import { addModel, int4Model, mlpModel, poisonModel, slowModel } from '../../support/onnx/models.ts';
import { floatTensor, tensors, valuesOf } from '../../support/tensors.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

const addPath = await folder.write('add.onnx', addModel());
const slowPath = await folder.write('slow.onnx', slowModel({ size: 256, depth: 8 }));

const open = (path: string, options: Partial<PoolOptions> = {}): Promise<WorkerPool> =>
  openPool({
    path,
    instances: 1,
    intraOpThreads: 1,
    executionProviders: ['cpu'],
    budget: new ComputeBudget(8),
    ...options,
  });

const addends = (a: number, b: number) => tensors({ a: floatTensor([1, 4], a), b: floatTensor([1, 4], b) });
const row = () => tensors({ x: floatTensor([1, 4], 3) });

describe('a pool that is opened', () => {
  test('says why it cannot be, and leaves no thread behind', async () => {
    const path = await folder.write('int4.onnx', int4Model());
    await expect(open(path, { instances: 2 })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining("output 'y' is INT4"),
    });
  });

  test('runs every warm size on every instance', async () => {
    const pool = await open(await folder.write('mlp.onnx', mlpModel()), { instances: 2 });
    const times = await pool.warm([1, 4, 8]);
    expect(times).toHaveLength(3);
    for (const time of times) expect(time).toBeGreaterThan(0);
    await pool.close();
  });

  test('does not fail on a size that sample inputs do not fit', async () => {
    const pool = await open(await folder.write('poison.onnx', poisonModel()));
    expect(await pool.warm([64], { largestId: 1000 })).toEqual([Number.NaN]);
    expect(pool.freeSlots).toBe(1);
    await pool.close();
  });
});

describe('the slots of a pool', () => {
  test('are no more than instances, nor than the cores are enough for', async () => {
    const concurrency = async (instances: number, intraOpThreads: number, cores: number) => {
      const pool = await open(addPath, { instances, intraOpThreads, budget: new ComputeBudget(cores) });
      await pool.close();
      return pool.concurrency;
    };
    expect(await concurrency(2, 1, 8)).toBe(2);
    expect(await concurrency(2, 3, 5)).toBe(1);
    expect(await concurrency(1, 4, 2)).toBe(1);
  });

  test('are taken at once, and free again before the run settles', async () => {
    const pool = await open(slowPath, { instances: 2 });
    expect(pool.freeSlots).toBe(2);
    const runs = [pool.run(row()), pool.run(row())];
    expect(pool.freeSlots).toBe(0);
    expect(pool.running).toBe(2);
    await Promise.all(runs);
    expect(pool.running).toBe(0);
    expect(pool.freeSlots).toBeGreaterThanOrEqual(2);
    await pool.close();
  });

  test('are announced when they are free', async () => {
    const pool = await open(slowPath);
    let free = 0;
    const stop = pool.onSlotFree(() => {
      free = pool.freeSlots;
    });
    await pool.run(row());
    expect(free).toBeGreaterThan(0);
    stop();
    free = -1;
    await pool.run(row());
    expect(free).toBe(-1);
    await pool.close();
  });

  test('are doubled for a model so small that handing over would leave its workers idle', async () => {
    const pool = await open(addPath, { instances: 2 });
    await pool.warm([1]);
    expect(pool.freeSlots).toBe(4);
    await pool.close();
  });

  test('are shared with other pools when the cores are', async () => {
    const budget = new ComputeBudget(1);
    const [first, second] = [await open(slowPath, { budget }), await open(addPath, { budget })];
    const running = first.run(row());
    expect(second.freeSlots).toBe(0);
    const { promise: woken, resolve } = Promise.withResolvers<number>();
    second.onSlotFree(() => resolve(second.freeSlots));
    await running;
    expect(await woken).toBe(1);
    await Promise.all([first.close(), second.close()]);
  });

  test('are offered by every pool of the version whose turn it is', async () => {
    const budget = new ComputeBudget(1);
    const [busy, other] = [await open(slowPath, { budget }), await open(addPath, { budget })];
    const variants = [
      await open(addPath, { budget, version: 'm/1' }),
      await open(addPath, { budget, version: 'm/1' }),
    ];
    const slots = () => variants.map(({ freeSlots }) => freeSlots);
    const running = busy.run(row());
    expect([...slots(), other.freeSlots]).toEqual([0, 0, 0]);
    const told: number[][] = [];
    for (const variant of variants) variant.onSlotFree(() => told.push(slots()));
    await running;
    expect(told[0]).toEqual([1, 1]);
    await Promise.all([busy, other, ...variants].map((pool) => pool.close()));
  });
});

describe('the memory of a pool', () => {
  test('is read where it lies', async () => {
    const pool = await open(addPath);
    const memory = new Float32Array(pool.allocate(32), 0, 8).fill(5);
    const a = { ...floatTensor([1, 4], 0), data: memory.subarray(0, 4) };
    const b = { ...floatTensor([1, 4], 0), data: memory.subarray(4, 8) };
    const { outputs } = await pool.run(tensors({ a, b }));
    expect(valuesOf(outputs, 'sum')).toEqual([10, 10, 10, 10]);
    await pool.close();
  });

  test('is lent again after the run that used it, and does not hold its outputs', async () => {
    const pool = await open(addPath);
    const buffer = pool.allocate(32);
    const values = new Float32Array(buffer, 0, 8).fill(1);
    const tensor = (from: number) => ({ ...floatTensor([1, 4], 0), data: values.subarray(from, from + 4) });
    const { outputs } = await pool.run(tensors({ a: tensor(0), b: tensor(4) }));
    expect(pool.allocate(32)).toBe(buffer);
    values.fill(100);
    expect(valuesOf(outputs, 'sum')).toEqual([2, 2, 2, 2]);
    await pool.close();
  });
});

describe('a worker that dies', () => {
  const entry = new URL('../../support/dying-worker.ts', import.meta.url);
  const deadly = () => addends(Number.NaN, 0);

  test('fails only the run it was in', async () => {
    const pool = await open(addPath, { instances: 2, entry });
    const [lost, other] = await Promise.allSettled([pool.run(deadly()), pool.run(addends(1, 2))]);
    expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(other.status === 'fulfilled' && valuesOf(other.value.outputs, 'sum')).toEqual([3, 3, 3, 3]);
    await pool.close();
  });

  test('is told once in the log, as an error', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'error' }, { write: (line) => lines.push(line) });
    const pool = await open(addPath, { entry, logger });
    await pool.warm([1]);
    await Promise.allSettled([pool.run(deadly()), pool.run(addends(1, 2))]);
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['a worker died during a run']);
    await pool.close();
  });

  test('does not fail the run that was handed ahead to it', async () => {
    const pool = await open(addPath, { entry });
    await pool.warm([1]);
    expect(pool.freeSlots).toBe(2);
    const [lost, ahead] = await Promise.allSettled([pool.run(deadly()), pool.run(addends(1, 2))]);
    expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(ahead.status === 'fulfilled' && valuesOf(ahead.value.outputs, 'sum')).toEqual([3, 3, 3, 3]);
    await pool.close();
  });

  test('is replaced by one that is warm and answers', async () => {
    const pool = await open(addPath, { entry });
    await pool.warm([1, 2]);
    for (let death = 0; death < 3; death++) {
      await expect(pool.run(deadly())).rejects.toMatchObject({ code: 'unavailable' });
      const { outputs } = await pool.run(addends(death, 1));
      expect(valuesOf(outputs, 'sum')).toEqual(Array(4).fill(death + 1));
    }
    expect(pool.running).toBe(0);
    await pool.close();
  });

  test('is not replaced by one with another file', async () => {
    const path = await folder.write('replaced.onnx', addModel());
    const pool = await open(path, { entry });
    await rename(await folder.write('other.onnx', addModel()), path);
    await expect(pool.run(deadly())).rejects.toMatchObject({ code: 'unavailable' });
    await expect(pool.run(addends(1, 2))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('another one by now'),
    });
    await pool.close();
  });
});

describe('a worker that cannot open the file again', () => {
  const entry = new URL('../../support/dying-worker.ts', import.meta.url);
  const deadly = () => addends(Number.NaN, 0);

  test('leaves the runs to the others', async () => {
    const path = await folder.write('gone.onnx', addModel());
    const pool = await open(path, { instances: 2, entry });
    await rm(path);
    await expect(pool.run(deadly())).rejects.toMatchObject({ code: 'unavailable' });
    for (let turn = 0; turn < 40; turn++) {
      await setTimeout(25);
      // The second of two finds only the other worker idle.
      const both = await Promise.all([pool.run(addends(turn, 1)), pool.run(addends(turn, 1))]);
      for (const { outputs } of both) expect(valuesOf(outputs, 'sum')).toEqual(Array(4).fill(turn + 1));
    }
    await pool.close();
  });

  test('tries it again, and answers once the file is back', async () => {
    const path = await folder.write('away.onnx', addModel());
    const pool = await open(path, { entry });
    await rename(path, `${path}.away`);
    await expect(pool.run(deadly())).rejects.toMatchObject({ code: 'unavailable' });
    await expect(pool.run(addends(1, 2))).rejects.toMatchObject({ code: 'unavailable' });
    await rename(`${path}.away`, path);
    await vi.waitFor(() => pool.run(addends(1, 2)), { timeout: 5000, interval: 100 });
    await pool.close();
  });
});

test('a pool that is closed waits for the worker that takes the place of a dead one', async () => {
  const entry = new URL('../../support/dying-worker.ts', import.meta.url);
  const path = await folder.write('slower.onnx', slowModel({ size: 512, depth: 50 }));
  const pool = await open(path, { entry });
  await pool.warm([1, 2, 4]);
  const deadly = tensors({ x: floatTensor([1, 4], Number.NaN) });
  await expect(pool.run(deadly)).rejects.toMatchObject({ code: 'unavailable' });
  // By then it runs what the dead one was warmed with; ending it there would abort this process.
  await setTimeout(500);
  await pool.close();
});

describe('a pool that is closed', () => {
  test('waits for the run that is inside the runtime', async () => {
    const pool = await open(slowPath);
    const order: string[] = [];
    const run = pool.run(row()).then(() => order.push('answered'));
    const closed = pool.close().then(() => order.push('closed'));
    await Promise.all([run, closed]);
    expect(order).toEqual(['answered', 'closed']);
    expect(pool.freeSlots).toBe(0);
  });

  test('gives its cores back', async () => {
    const budget = new ComputeBudget(1);
    const first = await open(slowPath, { budget });
    const second = await open(addPath, { budget });
    const running = first.run(row());
    expect(second.freeSlots).toBe(0);
    await Promise.all([first.close(), running]);
    expect(second.freeSlots).toBe(1);
    await second.close();
  });
});
