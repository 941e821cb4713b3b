import { readdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { ComputeBudget } from '../../../src/workers/compute-budget.ts';
import { InPlace } from '../../../src/workers/in-place.ts';
import { OrtSession } from '../../../src/workers/ort-session.ts';
import { openPool } from '../../../src/workers/worker-pool.ts';
import { modelFolder } from '../../support/onnx/make-models.ts';
import { addModel, mlpModel, poisonModel, scaleModel } from '../../support/onnx/models.ts';
import { floatTensor, integerTensor, tensors, valuesOf } from '../../support/tensors.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

const CPU = { intraOpThreads: 1, executionProviders: ['cpu'], cores: 1 };
const addPath = await folder.write('add.onnx', addModel());
const addends = tensors({ a: floatTensor([1, 4], 1), b: floatTensor([1, 4], 2) });
/** A warm-up of the workers in which a run took so many milliseconds. */
const taking = (time: number) => [{ elements: 8, time }];

/** Every run takes so many milliseconds by this clock. */
const clockOf = (time: number, idle = () => 0) => {
  let now = 0;
  return {
    now: () => {
      now += time;
      return now;
    },
    idle,
  };
};
/** Opens a model whose runs take `here` on this thread, and took `there` in the workers' warm-up. */
const open = (here: number, there = here, idle = () => 0) =>
  InPlace.open(addPath, CPU, taking(there), addends, clockOf(here, idle));

describe('a run', () => {
  test('that is shorter than handing it over happens in place, whatever else runs', () => {
    expect(open(0.02)?.takes(addends, true)).toBe(true);
  });

  test('of about a millisecond does where it is the only one', () => {
    const inPlace = open(1);
    expect(inPlace?.takes(addends, false)).toBe(true);
    expect(inPlace?.takes(addends, true)).toBe(false);
  });

  test('goes to a worker where the one before kept somebody waiting', () => {
    let idle = 5;
    const inPlace = open(1, 1, () => idle);
    inPlace?.run(addends, undefined);
    expect(inPlace?.takes(addends, false)).toBe(false);
    idle = 6;
    expect(inPlace?.takes(addends, false)).toBe(true);
  });

  test('is as long as it is here, however long it took on a worker', () => {
    expect(open(1, 14)?.takes(addends, false)).toBe(true);
    expect(open(3, 1)?.takes(addends, false)).toBe(false);
  });

  test('of a large input goes to a worker where only one size was tried, as of a model that is not batched', () => {
    const [small, large] = [1, 1000].map((rows) =>
      tensors({ a: floatTensor([rows, 4], 1), b: floatTensor([rows, 4], 2) }),
    );
    const inPlace = open(0.02);
    expect(inPlace?.takes(small ?? addends, false)).toBe(true);
    expect(inPlace?.takes(large ?? addends, false)).toBe(false);
  });

  test('that seemed too long when the model was opened is tried again', () => {
    const inPlace = open(3);
    for (let run = 0; run < 1000; run++) inPlace?.ranElsewhere();
    expect(inPlace?.takes(addends, false)).toBe(true);
    for (let run = 0; run < 10; run++) inPlace?.run(addends, undefined);
    expect(inPlace?.takes(addends, false)).toBe(false);
  });
});

describe('a session in place', () => {
  test('answers what a session answers', async () => {
    const session = OrtSession.open(addPath, CPU);
    const inPlace = open(1);
    expect(inPlace?.run(addends, undefined).outputs).toEqual(session.runSync(addends));
    await Promise.all([session.close(), inPlace?.close()]);
  });

  test.runIf(process.platform === 'linux')('computes on several cores, four at most', async () => {
    const threads = () => readdirSync('/proc/self/task').length;
    for (const [cores, helpers] of [
      [1, 0],
      [3, 2],
      [64, 3],
    ] as const) {
      const before = threads();
      const inPlace = InPlace.open(addPath, { ...CPU, cores }, taking(1), addends);
      expect(threads() - before).toBe(helpers);
      await inPlace?.close();
    }
  });

  test.each([
    ['a model that was slow on the workers', CPU, 1000, 0.01, addends],
    ['a model that is slow here', CPU, 0.01, 4, addends],
    ['a model that refused its sample', CPU, Number.NaN, 0.01, addends],
    ['a model that refuses its sample here', CPU, 0.01, 0.01, tensors({})],
    ['another execution provider', { ...CPU, executionProviders: ['cuda', 'cpu'] }, 0.01, 0.01, addends],
  ])('is not opened for %s', (_, options, there, here, sample) => {
    expect(InPlace.open(addPath, options, taking(there), sample, clockOf(here))).toBeUndefined();
  });
});

describe('a pool', () => {
  const opened = (path: string) => openPool({ path, ...CPU, instances: 1, budget: new ComputeBudget(1) });

  test('runs what is short in place, without a slot', async () => {
    const pool = await opened(await folder.write('mlp.onnx', mlpModel()));
    const x = tensors({ x: floatTensor([1, 16], 1) });
    const { outputs } = await pool.run(x);
    await pool.warm([1, 4]);
    pool.shortRunsInPlace();
    const run = pool.run(x);
    expect(pool.running).toBe(0);
    expect(valuesOf((await run).outputs, 'logits')).toEqual(valuesOf(outputs, 'logits'));
    await pool.close();
  });

  test('runs nothing in place where the file is another one by now', async () => {
    const path = await folder.write('replaced.onnx', scaleModel(2));
    const pool = await opened(path);
    await pool.warm([1, 4]);
    await rename(await folder.write('other.onnx', scaleModel(5)), path);
    pool.shortRunsInPlace();
    const { outputs } = await pool.run(tensors({ x: floatTensor([1, 3], 1) }));
    expect(valuesOf(outputs, 'y')).toEqual([2, 2, 2]);
    await pool.close();
  });

  test('gives back the memory of a batch that ran in place', async () => {
    const pool = await opened(addPath);
    await pool.warm([1, 4]);
    pool.shortRunsInPlace();
    const memory = pool.allocate(32);
    const data = new Float32Array(memory, 0, 4).fill(1);
    await pool.run(new Map([...addends, ['a', { datatype: 'FP32', shape: [1, 4], data }]]));
    expect(pool.allocate(32)).toBe(memory);
    await pool.close();
  });

  test('rejects a run that fails in place, and goes on', async () => {
    const pool = await opened(await folder.write('poison.onnx', poisonModel()));
    await pool.warm([1]);
    pool.shortRunsInPlace();
    const ids = (id: number) => tensors({ index: integerTensor([1, 1], [id]) });
    await expect(pool.run(ids(1_000_000))).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(pool.run(ids(1))).resolves.toMatchObject({ batchSize: 1 });
    await pool.close();
  });
});
