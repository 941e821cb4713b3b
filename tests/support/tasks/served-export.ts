import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import pino from 'pino';
import { InferenceError, invalidArgument, notFound } from '../../../src/errors.ts';
import { DataPlane } from '../../../src/inference/data-plane.ts';
import { SILENT_OBSERVER } from '../../../src/inference/observer.ts';
import type { Runner } from '../../../src/inference/runner.ts';
import type { Registry, ServedVariant, ServedVersion } from '../../../src/inference/served.ts';
import type { Signature, TensorSpec } from '../../../src/inference/signature.ts';
import { NO_TIME } from '../../../src/inference/timings.ts';
import { createTaskPlane, type Tasks } from '../../../src/tasks/task-plane.ts';
import { DATATYPES, datatypeOfOnnx, type TensorData } from '../../../src/tensor/datatype.ts';
import { makeTensor, type TensorMap } from '../../../src/tensor/tensor.ts';

const MAX_BATCH_SIZE = 4;

const specs = (metadata: readonly InferenceSession.ValueMetadata[]): TensorSpec[] =>
  metadata.map((value) => {
    const datatype = value.isTensor ? datatypeOfOnnx(value.type) : undefined;
    if (!value.isTensor || datatype === undefined) throw new Error(`${value.name} is not a tensor`);
    return { name: value.name, datatype, dims: value.shape };
  });

/** The bare session as a runner: no pool, no batcher. Counts the rows of every run. */
function sessionRunner(session: InferenceSession, runs: number[]): Runner {
  return {
    async run(inputs: TensorMap, options = {}) {
      if (options.signal?.aborted) throw new InferenceError('canceled', 'the client is gone');
      if ((options.deadline ?? Infinity) < performance.now())
        throw new InferenceError('deadline_exceeded', 'the deadline has passed');
      const feeds: Record<string, OrtTensor> = {};
      for (const [name, { datatype, data, shape }] of inputs) {
        feeds[name] = new OrtTensor(DATATYPES[datatype].onnx as 'float32', data as Float32Array, [...shape]);
      }
      const [first] = inputs.values();
      runs.push(first?.shape[0] ?? 0);
      const fetches = [...(options.outputs ?? session.outputNames)];
      const results = await session.run(feeds, fetches);
      const outputs = new Map(
        fetches.map((name) => {
          const { type, dims, data } = results[name] as OrtTensor;
          const datatype = datatypeOfOnnx(type);
          if (datatype === undefined) throw invalidArgument(`output type ${type}`);
          return [name, makeTensor(datatype, [...dims], data as TensorData)] as const;
        }),
      );
      return { outputs, timings: NO_TIME, batchSize: first?.shape[0] ?? 1 };
    },
    close: () => session.release(),
  };
}

export interface ServedExport {
  readonly served: ServedVersion;
  readonly tasks: Tasks;
  readonly dataPlane: DataPlane;
  /** Rows of each run so far. */
  readonly runs: number[];
  /** Holds that are not released. */
  readonly held: () => number;
}

/** Whether all inputs have one batch axis; a graph with two towers has one for each. */
const isBatched = ({ inputs }: Signature): boolean => new Set(inputs.map(({ dims }) => dims[0])).size === 1;

/** An export folder, served by a bare session under the name `model`: all of the task plane, nothing of the pool. */
export async function serveExport(
  folder: string,
  overrides: { readonly task?: string } = {},
): Promise<ServedExport> {
  const runs: number[] = [];
  const variants = new Map<string, ServedVariant>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.onnx'))) {
    const path = join(folder, file);
    const session = await InferenceSession.create(path, {
      intraOpNumThreads: 1,
      graphOptimizationLevel: 'all',
    });
    const signature: Signature = {
      inputs: specs(session.inputMetadata),
      outputs: specs(session.outputMetadata),
    };
    const variant = file === 'model.onnx' ? 'default' : file.replace(/^model_|(_model)?\.onnx$/g, '');
    variants.set(variant, {
      model: 'model',
      version: '1',
      variant,
      signature,
      batching: {
        maxBatchSize: isBatched(signature) ? MAX_BATCH_SIZE : 0,
        preferredBatchSizes: [],
        maxQueueDelay: 0,
        maxQueueSize: 100,
        priorityLevels: 0,
        defaultPriority: 1,
        defaultTimeout: 0,
        reason: 'test',
      },
      runner: sessionRunner(session, runs),
      observer: SILENT_OBSERVER,
      file: { name: file, path, bytes: statSync(path).size },
      instances: 1,
      intraOpThreads: 1,
      executionProviders: ['cpu'],
      omittedOutputs: [],
    });
  }
  let held = 0;
  const served: ServedVersion = {
    model: 'model',
    version: '1',
    variants,
    statuses: new Map(),
    defaultVariant: variants.has('default') ? 'default' : ([...variants.keys()].sort()[0] ?? 'default'),
    folder,
    labels: new Map(),
    statistics: { snapshot: () => Promise.reject(new Error('not measured')) as never },
    hold() {
      held++;
      return () => {
        held--;
      };
    },
    ...overrides,
  };
  const dataPlane = new DataPlane({
    registry: registryOf(served),
    server: { name: 'sluice', version: '0', extensions: [] },
    accepting: () => true,
  });
  const tasks = createTaskPlane({ dataPlane, logger: pino({ level: 'silent' }) });
  return { served, tasks, dataPlane, runs, held: () => held };
}

function registryOf(served: ServedVersion): Registry {
  return {
    ready: true,
    missing: [],
    models: () => [served.model],
    versions: () => [served.version],
    version(model) {
      if (model !== served.model) throw notFound(`unknown model '${model}'`);
      return served;
    },
    index: () => [],
    load: () => Promise.resolve(),
    unload: () => Promise.resolve(),
  };
}
