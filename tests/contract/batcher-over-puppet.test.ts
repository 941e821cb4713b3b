import { DynamicBatcher } from '../../src/batching/dynamic-batcher.ts';
import { VersionScheduler } from '../../src/batching/version-scheduler.ts';
import { invalidArgument } from '../../src/errors.ts';
import { SILENT_OBSERVER } from '../../src/inference/observer.ts';
import type { Runner } from '../../src/inference/runner.ts';
import type { Batching, Signature } from '../../src/inference/signature.ts';
import { CostModel } from '../../src/scheduling/cost-model.ts';
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

const openScheduled = (
  model: (inputs: TensorMap) => TensorMap,
  signature: Signature,
  maxBatchSize: number,
): Promise<Runner> => {
  const scheduler = new VersionScheduler({
    slots: { count: 2, ran() {} },
    maxBytes: 2 ** 30,
    patience: 60_000,
    sojourn: { target: 60_000, interval: 60_000 },
  });
  const lane = {
    variant: 'default',
    accuracy: undefined,
    runner: new PuppetRunner({ slots: 2, auto: true, model }),
    cost: new CostModel(scheduler.interference),
    signature,
    batching: batching(maxBatchSize),
    padding: undefined,
    observer: SILENT_OBSERVER,
  };
  return Promise.resolve(scheduler.open(lane));
};

for (const maxBatchSize of [0, 1, 8]) {
  runnerCases(`a scheduled version of up to ${maxBatchSize} rows over a puppet`, {
    openAdd: () =>
      openScheduled(add, { inputs: [spec('a', 4), spec('b', 4)], outputs: [spec('sum', 4)] }, maxBatchSize),
    openIdentity: (datatype) =>
      openScheduled(
        identity,
        { inputs: [spec('x', 3, datatype)], outputs: [spec('y', 3, datatype)] },
        maxBatchSize,
      ),
    datatypes: Object.keys(DATATYPES) as Datatype[],
  });
}

for (const maxBatchSize of [0, 1, 8]) {
  runnerCases(`a batcher of up to ${maxBatchSize} rows over a puppet`, {
    openAdd: () =>
      open(add, { inputs: [spec('a', 4), spec('b', 4)], outputs: [spec('sum', 4)] }, maxBatchSize),
    openIdentity: (datatype) =>
      open(identity, { inputs: [spec('x', 3, datatype)], outputs: [spec('y', 3, datatype)] }, maxBatchSize),
    datatypes: Object.keys(DATATYPES) as Datatype[],
  });
}
