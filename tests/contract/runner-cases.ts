import { describe, expect, test } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import type { Runner } from '../../src/inference/runner.ts';
import { allocateData, DATATYPES, type Datatype, type NumericData } from '../../src/tensor/datatype.ts';
import { elementCount } from '../../src/tensor/shape.ts';
import { makeTensor, type Tensor, type TensorMap } from '../../src/tensor/tensor.ts';

export interface RunnerUnderTest {
  /** Opens a runner over `sum` = `a` + `b`, all FP32 [batch, 4]. */
  readonly openAdd: () => Promise<Runner>;
  /** Opens a runner over `y` = `x`, both [batch, 3] of this datatype. */
  readonly openIdentity: (datatype: Datatype) => Promise<Runner>;
  /** Datatypes the identity is tried with. */
  readonly datatypes: readonly Datatype[];
}

/** What holds for every runner, whether it is a session, a pool, a batcher or a puppet. */
export function runnerCases(name: string, { openAdd, openIdentity, datatypes }: RunnerUnderTest): void {
  const withAdd = (use: (runner: Runner) => Promise<void>) => () => closing(openAdd, use);

  describe(`${name} is a runner that`, () => {
    test(
      'answers one row and several rows',
      withAdd(async (runner) => {
        for (const rows of [1, 2, 7, 33]) {
          const { outputs, batchSize } = await runner.run(addends(rows, rows));
          expect(outputs).toEqual(sumOf(rows, rows));
          expect(batchSize).toBeGreaterThanOrEqual(1);
        }
      }),
    );

    test(
      'answers an empty batch with an empty batch',
      withAdd(async (runner) => {
        const { outputs } = await runner.run(addends(0, 0));
        expect(outputs).toEqual(sumOf(0, 0));
      }),
    );

    test(
      'gives each of many runs at once its own answer',
      withAdd(async (runner) => {
        const runs = Array.from({ length: 60 }, (_, index) => ({ rows: 1 + (index % 5), seed: index }));
        const results = await Promise.all(runs.map(({ rows, seed }) => runner.run(addends(rows, seed))));
        expect(results.map(({ outputs }) => outputs)).toEqual(
          runs.map(({ rows, seed }) => sumOf(rows, seed)),
        );
      }),
    );

    test(
      'computes the outputs that are asked for',
      withAdd(async (runner) => {
        const { outputs } = await runner.run(addends(2, 5), { outputs: ['sum'] });
        expect(outputs).toEqual(sumOf(2, 5));
      }),
    );

    test(
      'leaves its inputs as they are, and answers again from the same ones',
      withAdd(async (runner) => {
        const inputs = addends(3, 1);
        const [first, second] = await Promise.all([runner.run(inputs), runner.run(inputs)]);
        expect(inputs).toEqual(addends(3, 1));
        expect(first.outputs).toEqual(second.outputs);
      }),
    );

    test(
      'takes inputs that are views into larger memory',
      withAdd(async (runner) => {
        const memory = new Float32Array(64).fill(9);
        const view = (from: number) => makeTensor('FP32', [2, 4], memory.subarray(from, from + 8).fill(from));
        const { outputs } = await runner.run(
          new Map([
            ['a', view(5)],
            ['b', view(40)],
          ]),
        );
        expect(outputs).toEqual(new Map([['sum', makeTensor('FP32', [2, 4], new Float32Array(8).fill(45))]]));
      }),
    );

    test(
      'tells where the time went',
      withAdd(async (runner) => {
        const { timings } = await runner.run(addends(2, 1));
        const parts = ['queue', 'computeInput', 'computeInfer', 'computeOutput'] as const;
        for (const part of parts) expect(timings[part]).toBeGreaterThanOrEqual(0);
      }),
    );

    test(
      'fails a run the model cannot do, and only that one',
      withAdd(async (runner) => {
        const misfit = new Map([
          ['a', tensor([1, 4], 1)],
          ['b', tensor([1, 3], 1)],
        ]);
        const [bad, good] = await Promise.allSettled([runner.run(misfit), runner.run(addends(2, 3))]);
        expect(bad.status === 'rejected' && bad.reason).toBeInstanceOf(InferenceError);
        expect(good.status === 'fulfilled' && good.value.outputs).toEqual(sumOf(2, 3));
        expect((await runner.run(addends(1, 8))).outputs).toEqual(sumOf(1, 8));
      }),
    );

    test(
      'does not start a run that is cancelled already',
      withAdd(async (runner) => {
        await expect(codeOf(runner.run(addends(1, 1), { signal: AbortSignal.abort() }))).resolves.toBe(
          'canceled',
        );
      }),
    );

    test(
      'does not start a run whose deadline has passed',
      withAdd(async (runner) => {
        const deadline = performance.now() - 1;
        await expect(codeOf(runner.run(addends(1, 1), { deadline }))).resolves.toBe('deadline_exceeded');
      }),
    );

    test(
      'finishes what it has accepted when it is closed, and refuses what comes after',
      withAdd(async (runner) => {
        const accepted = [1, 2, 3].map((seed) => runner.run(addends(2, seed)));
        const closed = runner.close();
        await expect(codeOf(runner.run(addends(1, 1)))).resolves.toBe('unavailable');
        const results = await Promise.all(accepted);
        expect(results.map(({ outputs }) => outputs)).toEqual([1, 2, 3].map((seed) => sumOf(2, seed)));
        await closed;
        await runner.close();
      }),
    );

    test.each(datatypes)('returns %s as it was given', (datatype) =>
      closing(
        () => openIdentity(datatype),
        async (runner) => {
          const runs = [1, 2, 1, 3].map((rows, seed) => sample(datatype, rows, seed));
          const results = await Promise.all(runs.map((x) => runner.run(new Map([['x', x]]))));
          expect(results.map(({ outputs }) => outputs)).toEqual(runs.map((y) => new Map([['y', y]])));
        },
      ),
    );
  });
}

async function closing(open: () => Promise<Runner>, use: (runner: Runner) => Promise<void>): Promise<void> {
  const runner = await open();
  try {
    await use(runner);
  } finally {
    await runner.close();
  }
}

const tensor = (shape: readonly number[], seed: number): Tensor =>
  makeTensor(
    'FP32',
    shape,
    Float32Array.from({ length: elementCount(shape) }, (_, index) => seed * 100 + index),
  );

const addends = (rows: number, seed: number): TensorMap =>
  new Map([
    ['a', tensor([rows, 4], seed)],
    ['b', tensor([rows, 4], seed + 1)],
  ]);

const sumOf = (rows: number, seed: number): TensorMap =>
  new Map([
    [
      'sum',
      makeTensor(
        'FP32',
        [rows, 4],
        Float32Array.from({ length: rows * 4 }, (_, index) => 200 * seed + 100 + 2 * index),
      ),
    ],
  ]);

/** Values that differ from row to row and from seed to seed, the extremes of 64 bits among them. */
function sample(datatype: Datatype, rows: number, seed: number): Tensor {
  const count = rows * 3;
  if (datatype === 'BYTES') {
    return makeTensor(
      datatype,
      [rows, 3],
      Array.from({ length: count }, (_, index) => (index === 1 ? '' : `text ${seed}.${index} äß`)),
    );
  }
  const data: NumericData = allocateData(datatype, count);
  for (let index = 0; index < count; index++) {
    const value = datatype === 'BOOL' ? (index + seed) % 2 : seed * 10 + index;
    data[index] = DATATYPES[datatype].big ? 2n ** 62n + BigInt(value) : value;
  }
  return makeTensor(datatype, [rows, 3], data);
}

const codeOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'answered',
    (error: unknown) => (error instanceof InferenceError ? error.code : 'not an InferenceError'),
  );
