import { DynamicBatcher } from '../../../src/batching/dynamic-batcher.ts';
import type { InferenceError, RejectReason } from '../../../src/errors.ts';
import type { BatchRecord } from '../../../src/inference/observer.ts';
import type { RunOptions, RunResult } from '../../../src/inference/runner.ts';
import type { Batching, Signature } from '../../../src/inference/signature.ts';
import { makeTensor, type Tensor, type TensorMap } from '../../../src/tensor/tensor.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type PuppetOptions, PuppetRunner, settled } from '../../support/puppet-runner.ts';

export const BATCHING: Batching = {
  maxBatchSize: 4,
  preferredBatchSizes: [],
  maxQueueDelay: 0,
  maxQueueSize: 100,
  priorityLevels: 3,
  defaultPriority: 2,
  defaultTimeout: 0,
  reason: 'as the test wants it',
};

export const SIGNATURE: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', dims: ['batch', 'width'] }],
  outputs: [
    { name: 'y', datatype: 'FP32', dims: ['batch', 'width'] },
    { name: 'z', datatype: 'FP32', dims: ['batch', 'width'] },
  ],
};

export const tensorOf = (shape: readonly number[], values: Iterable<number>): Tensor =>
  makeTensor('FP32', shape, Float32Array.from(values));

/** One row for each value, all of one width. */
export const rowsOf = (values: readonly number[], width = 1): TensorMap =>
  new Map([
    [
      'x',
      tensorOf(
        [values.length, width],
        values.flatMap((value) => Array<number>(width).fill(value)),
      ),
    ],
  ]);

/** `y` = 2 x, `z` = -x. A value of 666 fails the whole run. */
export function double(inputs: TensorMap): TensorMap {
  const x = inputs.get('x');
  if (x === undefined) throw new Error('there is no x');
  const values = Array.from(x.data as Float32Array);
  if (values.includes(666)) throw new Error('the devil is in the batch');
  const map = (f: (value: number) => number) => tensorOf(x.shape, values.map(f));
  return new Map([
    ['y', map((value) => 2 * value)],
    ['z', map((value) => -value)],
  ]);
}

export const valuesOf = (tensors: TensorMap, name: string): number[] =>
  Array.from((tensors.get(name)?.data ?? []) as Float32Array);

export interface Watched {
  readonly promise: Promise<RunResult>;
  /** 'y' of the answer, the code of the error, or undefined while it is open. */
  outcome: readonly number[] | string | undefined;
  error: InferenceError | undefined;
  result: RunResult | undefined;
}

/** A batcher over a puppet, a clock that stands still, and everything the observer was told. */
export function setUp(batching: Partial<Batching> = {}, puppet: PuppetOptions = {}) {
  const runner = new PuppetRunner({ model: double, ...puppet });
  const clock = new FakeClock();
  const batches: BatchRecord[] = [];
  const rejected: RejectReason[] = [];
  const depths: number[] = [];
  const batcher = new DynamicBatcher(runner, {
    signature: SIGNATURE,
    batching: { ...BATCHING, ...batching },
    clock,
    observer: {
      requestEnded() {},
      requestRejected: (reason) => void rejected.push(reason),
      batchEnded: (record) => void batches.push(record),
      queueChanged: (depth) => void depths.push(depth),
    },
  });
  const run = (inputs: TensorMap, options?: RunOptions): Watched => {
    const watched: Watched = {
      promise: batcher.run(inputs, options),
      outcome: undefined,
      error: undefined,
      result: undefined,
    };
    watched.promise.then(
      (result) => {
        watched.result = result;
        watched.outcome = valuesOf(result.outputs, 'y');
      },
      (error: InferenceError) => {
        watched.error = error;
        watched.outcome = error.code;
      },
    );
    return watched;
  };
  /** The values of each run so far. */
  const ran = () => runner.runs.map(({ inputs }) => valuesOf(inputs, 'x'));
  return { runner, clock, batcher, batches, rejected, depths, run, ran };
}

/** The value, once what has been settled is told. */
export async function afterwards<T>(value: T): Promise<T> {
  await settled();
  return value;
}
