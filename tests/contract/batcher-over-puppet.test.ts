import { DynamicBatcher } from '../../src/batching/dynamic-batcher.ts';
import { invalidArgument } from '../../src/errors.ts';
import { SILENT_OBSERVER } from '../../src/inference/observer.ts';
import type { Runner } from '../../src/inference/runner.ts';
import type { Batching, Signature } from '../../src/inference/signature.ts';
import { DATATYPES, type Datatype } from '../../src/tensor/datatype.ts';
import { makeTensor, type TensorMap } from '../../src/tensor/tensor.ts';
import { PuppetRunner } from '../support/puppet-runner.ts';
import { runnerCases } from './runner-cases.ts';

const batching = (maxBatchSize: number): Batching => ({
  maxBatchSize,
  preferredBatchSizes: [],
  maxQueueDelay: 0,
  maxQueueSize: 1000,
  priorityLevels: 0,
  defaultPriority: 1,
  defaultTimeout: 0,
  reason: 'for the cases',
});

function add(inputs: TensorMap): TensorMap {
  const [a, b] = ['a', 'b'].map((name) => inputs.get(name));
  if (a === undefined || b === undefined || a.data.length !== b.data.length)
    throw invalidArgument('a and b differ');
  const right = b.data as Float32Array;
  const sum = Float32Array.from(a.data as Float32Array, (value, index) => value + (right[index] ?? 0));
  return new Map([['sum', makeTensor('FP32', a.shape, sum)]]);
}

const identity = (inputs: TensorMap): TensorMap => new Map([...inputs].map(([, tensor]) => ['y', tensor]));

const spec = (name: string, width: number, datatype: Datatype = 'FP32') => ({
  name,
  datatype,
  dims: ['batch', width],
});

const open = (
  model: (inputs: TensorMap) => TensorMap,
  signature: Signature,
  maxBatchSize: number,
): Promise<Runner> =>
  Promise.resolve(
    new DynamicBatcher(new PuppetRunner({ slots: 2, auto: true, model }), {
      signature,
      batching: batching(maxBatchSize),
      observer: SILENT_OBSERVER,
    }),
  );

for (const maxBatchSize of [0, 1, 8]) {
  runnerCases(`a batcher of up to ${maxBatchSize} rows over a puppet`, {
    openAdd: () =>
      open(add, { inputs: [spec('a', 4), spec('b', 4)], outputs: [spec('sum', 4)] }, maxBatchSize),
    openIdentity: (datatype) =>
      open(identity, { inputs: [spec('x', 3, datatype)], outputs: [spec('y', 3, datatype)] }, maxBatchSize),
    datatypes: Object.keys(DATATYPES) as Datatype[],
  });
}
