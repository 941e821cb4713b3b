import { afterAll } from 'vitest';
import { DynamicBatcher } from '../../src/batching/dynamic-batcher.ts';
import { SILENT_OBSERVER } from '../../src/inference/observer.ts';
import { DATATYPES, type Datatype } from '../../src/tensor/datatype.ts';
import { ComputeBudget } from '../../src/workers/compute-budget.ts';
import { OrtSession } from '../../src/workers/ort-session.ts';
import { openPool, type WorkerPool } from '../../src/workers/worker-pool.ts';
import { modelFolder } from '../support/onnx/make-models.ts';
import { addModel, identityModel } from '../support/onnx/models.ts';
import { runnerCases } from './runner-cases.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

/** The runtime's binding has no BF16. */
const datatypes = (Object.keys(DATATYPES) as Datatype[]).filter((datatype) => datatype !== 'BF16');
const CPU = { intraOpThreads: 1, executionProviders: ['cpu'] };
const budget = new ComputeBudget(2);

const addPath = await folder.write('add.onnx', addModel());
const identityPath = (datatype: Datatype): Promise<string> =>
  folder.write(`identity-${datatype}.onnx`, identityModel(datatype));

const pool = (path: string, instances: number): Promise<WorkerPool> =>
  openPool({ ...CPU, path, instances, budget });

async function batched(path: string): Promise<DynamicBatcher> {
  const runner = await pool(path, 1);
  return new DynamicBatcher(runner, {
    signature: runner.signature,
    observer: SILENT_OBSERVER,
    batching: {
      maxBatchSize: 8,
      preferredBatchSizes: [],
      maxQueueDelay: 0,
      maxQueueSize: 100,
      priorityLevels: 0,
      defaultPriority: 1,
      defaultTimeout: 0,
      reason: 'for the cases',
    },
  });
}

runnerCases('a session', {
  openAdd: async () => OrtSession.open(addPath, CPU),
  openIdentity: async (datatype) => OrtSession.open(await identityPath(datatype), CPU),
  datatypes,
});

runnerCases('a pool', {
  openAdd: () => pool(addPath, 2),
  openIdentity: async (datatype) => pool(await identityPath(datatype), 1),
  datatypes,
});

runnerCases('a batcher over a pool', {
  openAdd: () => batched(addPath),
  openIdentity: async (datatype) => batched(await identityPath(datatype)),
  datatypes: ['FP32', 'BYTES', 'BOOL', 'FP16', 'INT64'],
});
