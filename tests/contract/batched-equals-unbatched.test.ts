import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DynamicBatcher } from '../../src/batching/dynamic-batcher.ts';
import { sliceRows } from '../../src/batching/merge-split.ts';
import { SILENT_OBSERVER } from '../../src/inference/observer.ts';
import type { TensorMap } from '../../src/tensor/tensor.ts';
import { ComputeBudget } from '../../src/workers/compute-budget.ts';
import { OrtSession } from '../../src/workers/ort-session.ts';
import { sampleInputs } from '../../src/workers/sample-inputs.ts';
import { openPool } from '../../src/workers/worker-pool.ts';
import { encoderModel, TINY_ENCODER } from '../support/onnx/encoder.ts';
import { modelFolder } from '../support/onnx/make-models.ts';
import { identityModel, mlpModel } from '../support/onnx/models.ts';
import { valuesOf } from '../support/tensors.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

const CPU = { intraOpThreads: 1, executionProviders: ['cpu'] };
const MAX_BATCH = 6;

/** Kernels are chosen by shape, so that rounding may differ between batch sizes. */
function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [index, value] of actual.entries()) {
    const wanted = expected[index] ?? Number.NaN;
    expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-4 + 1e-3 * Math.abs(wanted));
  }
}

describe.each([
  ['a perceptron', mlpModel(), ['logits', 'label']],
  ['a small encoder', encoderModel(TINY_ENCODER), ['embedding']],
  ['strings', identityModel('BYTES'), []],
])(
  'for any split of rows into requests, the batcher over the pool answers as the bare session: %s',
  (name, bytes, numeric) => {
    let session: OrtSession;
    let batcher: DynamicBatcher;

    beforeAll(async () => {
      const path = await folder.write(`${name.replaceAll(' ', '-')}.onnx`, bytes);
      session = OrtSession.open(path, CPU);
      const pool = await openPool({ ...CPU, path, instances: 2, budget: new ComputeBudget(2) });
      batcher = new DynamicBatcher(pool, {
        signature: pool.signature,
        observer: SILENT_OBSERVER,
        batching: {
          maxBatchSize: MAX_BATCH,
          preferredBatchSizes: [],
          maxQueueDelay: 0,
          maxQueueSize: 1000,
          priorityLevels: 0,
          defaultPriority: 1,
          defaultTimeout: 0,
          reason: 'the model treats each row by itself',
        },
      });
    });

    afterAll(async () => {
      await batcher.close();
      await session.close();
    });

    const split = fc.array(fc.integer({ min: 1, max: MAX_BATCH + 3 }), { minLength: 1, maxLength: 12 });

    test('all rows, each in its place', async () => {
      await fc.assert(
        fc.asyncProperty(split, fc.integer({ min: 1, max: 1000 }), async (sizes, seed) => {
          const rows = sizes.reduce((sum, size) => sum + size, 0);
          const inputs = sampleInputs(session.signature, rows, { seed });
          const whole = session.runSync(inputs);
          const parts = cut(sizes);
          const answers = await Promise.all(
            parts.map(([from, to]) => batcher.run(sliceRows(inputs, from, to))),
          );
          for (const [index, [from, to]] of parts.entries()) {
            const expected = sliceRows(whole, from, to);
            const actual = answers[index]?.outputs ?? new Map();
            expect(shapes(actual)).toEqual(shapes(expected));
            for (const output of numeric) expectClose(valuesOf(actual, output), valuesOf(expected, output));
            if (numeric.length === 0) expect(actual).toEqual(expected);
          }
        }),
        { numRuns: 40 },
      );
    });

    test('a request that is alone is answered bit for bit', async () => {
      for (const rows of [1, MAX_BATCH]) {
        const inputs = sampleInputs(session.signature, rows, { seed: rows });
        expect((await batcher.run(inputs)).outputs).toEqual(session.runSync(inputs));
      }
    });
  },
);

const shapes = (outputs: TensorMap): unknown =>
  [...outputs].map(([name, { datatype, shape }]) => ({ name, datatype, shape }));

function cut(sizes: readonly number[]): [from: number, to: number][] {
  let from = 0;
  return sizes.map((size) => {
    from += size;
    return [from - size, from];
  });
}
