import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { ComputeBudget } from '../../../src/workers/compute-budget.ts';
import { InPlace } from '../../../src/workers/in-place.ts';
import { OrtSession } from '../../../src/workers/ort-session.ts';
import { RunTime } from '../../../src/workers/run-time.ts';
import { openPool } from '../../../src/workers/worker-pool.ts';
import { modelFolder } from '../../support/onnx/make-models.ts';
import { addModel, mlpModel, poisonModel } from '../../support/onnx/models.ts';
import { floatTensor, integerTensor, tensors, valuesOf } from '../../support/tensors.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

const CPU = { intraOpThreads: 1, executionProviders: ['cpu'], cores: 1 };
const addPath = await folder.write('add.onnx', addModel());
const addends = tensors({ a: floatTensor([1, 4], 1), b: floatTensor([1, 4], 2) });
const taking = (time: number) => new RunTime([{ elements: 8, time }]);

describe('a run', () => {
  test('that is shorter than handing it over happens in place, whatever else runs', () => {
    const inPlace = InPlace.open(addPath, CPU, taking(0.02), () => 0);
    expect(inPlace?.takes(addends, true)).toBe(true);
  });

  test('of about a millisecond does where it is the only one', () => {
    const inPlace = InPlace.open(addPath, CPU, taking(1), () => 0);
    expect(inPlace?.takes(addends, false)).toBe(true);
    expect(inPlace?.takes(addends, true)).toBe(false);
  });

  test('goes to a worker where the one before kept somebody waiting', () => {
    let idle = 5;
    const inPlace = InPlace.open(addPath, CPU, taking(1), () => idle);
    inPlace?.run(addends, undefined);
    expect(inPlace?.takes(addends, false)).toBe(false);
    idle = 6;
    expect(inPlace?.takes(addends, false)).toBe(true);
  });
});

describe('a session in place', () => {
  test('answers what a session answers', async () => {
    const session = OrtSession.open(addPath, CPU);
    const inPlace = InPlace.open(addPath, CPU, taking(1));
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
      const inPlace = InPlace.open(addPath, { ...CPU, cores }, taking(1));
      expect(threads() - before).toBe(helpers);
      await inPlace?.close();
    }
  });

  test.each([
    ['a slow model', CPU, 1000],
    ['a model that refused its sample', CPU, Number.NaN],
    ['another execution provider', { ...CPU, executionProviders: ['cuda', 'cpu'] }, 0.01],
  ])('is not opened for %s', (_, options, time) => {
    expect(InPlace.open(addPath, options, taking(time))).toBeUndefined();
  });
});

describe('a pool', () => {
  const open = (path: string) => openPool({ path, ...CPU, instances: 1, budget: new ComputeBudget(1) });

  test('runs what is short in place, without a slot', async () => {
    const pool = await open(await folder.write('mlp.onnx', mlpModel()));
    const x = tensors({ x: floatTensor([1, 16], 1) });
    const { outputs } = await pool.run(x);
    await pool.warm([1, 4]);
    pool.shortRunsInPlace();
    const run = pool.run(x);
    expect(pool.running).toBe(0);
    expect(valuesOf((await run).outputs, 'logits')).toEqual(valuesOf(outputs, 'logits'));
    await pool.close();
  });

  test('gives back the memory of a batch that ran in place', async () => {
    const pool = await open(addPath);
    await pool.warm([1, 4]);
    pool.shortRunsInPlace();
    const memory = pool.allocate(32);
    const data = new Float32Array(memory, 0, 4).fill(1);
    await pool.run(new Map([...addends, ['a', { datatype: 'FP32', shape: [1, 4], data }]]));
    expect(pool.allocate(32)).toBe(memory);
    await pool.close();
  });

  test('rejects a run that fails in place, and goes on', async () => {
    const pool = await open(await folder.write('poison.onnx', poisonModel()));
    await pool.warm([1]);
    pool.shortRunsInPlace();
    const ids = (id: number) => tensors({ index: integerTensor([1, 1], [id]) });
    await expect(pool.run(ids(1_000_000))).rejects.toMatchObject({ code: 'internal' });
    await expect(pool.run(ids(1))).resolves.toMatchObject({ batchSize: 1 });
    await pool.close();
  });
});
