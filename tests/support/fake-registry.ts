import { InferenceError, notFound, unavailable } from '../../src/errors.ts';
import type { CancelSignal } from '../../src/inference/cancellation.ts';
import { SILENT_OBSERVER } from '../../src/inference/observer.ts';
import type { Runner, RunOptions } from '../../src/inference/runner.ts';
import type {
  IndexEntry,
  ModelState,
  Registry,
  ServedVariant,
  ServedVersion,
  VariantFile,
} from '../../src/inference/served.ts';
import type { Batching, Signature, TensorSpec } from '../../src/inference/signature.ts';
import type { StatisticsSnapshot } from '../../src/inference/statistics.ts';
import { DATATYPES, type Datatype } from '../../src/tensor/datatype.ts';
import { makeTensor, type Tensor, type TensorMap } from '../../src/tensor/tensor.ts';

/** A model that is a function, run in this thread: everything above the runner is real. */
export interface FakeModel {
  readonly name: string;
  readonly versions?: readonly string[];
  readonly variants?: readonly string[];
  readonly state?: ModelState;
  readonly signature: Signature;
  readonly maxBatchSize?: number;
  readonly labels?: ReadonlyMap<string, readonly string[]>;
  /** What it says of requests whose body is not read yet. */
  readonly refusal?: NonNullable<ServedVariant['refusal']>;
  /** Outputs by name; all of them, whatever was requested. */
  readonly run: (inputs: TensorMap, options: RunOptions) => TensorMap | Promise<TensorMap>;
}

/** A registry in memory. `load` and `unload` move a model between READY and UNAVAILABLE. */
export class FakeRegistry implements Registry {
  ready = true;
  missing: readonly string[] = [];
  readonly #models: ReadonlyMap<string, FakeModel>;
  readonly #states: Map<string, ModelState>;

  constructor(models: readonly FakeModel[] = defaultModels()) {
    this.#models = new Map(models.map((model) => [model.name, model]));
    this.#states = new Map(models.map(({ name, state }) => [name, state ?? 'READY']));
  }

  models(): readonly string[] {
    return [...this.#models.keys()].filter((name) => this.#states.get(name) === 'READY').sort();
  }

  versions(model: string): readonly string[] {
    const fake = this.#known(model);
    return this.#states.get(model) === 'READY' ? (fake.versions ?? ['1']) : [];
  }

  version(name: string, version?: string): ServedVersion {
    const fake = this.#known(name);
    const versions = fake.versions ?? ['1'];
    if (version !== undefined && !versions.includes(version)) {
      throw notFound(`model '${name}' has no version ${version}`);
    }
    const state = this.#states.get(name);
    if (state !== 'READY') throw unavailable(`model '${name}' is ${state}`);
    return serve(fake, version ?? versions.at(-1) ?? '1');
  }

  index(): readonly IndexEntry[] {
    return [...this.#models].map(([name, { versions }]) => {
      const state = this.#states.get(name) ?? 'UNKNOWN';
      return { name, version: versions?.at(-1) ?? '1', state, reason: state === 'READY' ? '' : 'unloaded' };
    });
  }

  async load(model: string): Promise<void> {
    this.#known(model);
    this.#states.set(model, 'READY');
  }

  async unload(model: string): Promise<void> {
    this.#known(model);
    this.#states.set(model, 'UNAVAILABLE');
  }

  #known(name: string): FakeModel {
    const fake = this.#models.get(name);
    if (fake === undefined) throw notFound(`model '${name}' is not in the repository`);
    return fake;
  }
}

function serve(fake: FakeModel, version: string): ServedVersion {
  const names = fake.variants ?? ['default'];
  const variants = new Map(names.map((variant) => [variant, serveVariant(fake, version, variant)]));
  return {
    model: fake.name,
    version,
    variants,
    statuses: new Map(names.map((name) => [name, { state: 'READY', reason: '', file: FILE }])),
    defaultVariant: names[0] ?? 'default',
    folder: '',
    labels: fake.labels ?? new Map(),
    statistics: { snapshot: () => NO_STATISTICS },
    hold: () => () => {},
  };
}

function serveVariant(fake: FakeModel, version: string, variant: string): ServedVariant {
  return {
    model: fake.name,
    version,
    variant,
    signature: fake.signature,
    batching: { ...UNBATCHED, maxBatchSize: fake.maxBatchSize ?? 0 },
    runner: fakeRunner(fake),
    ...(fake.refusal === undefined ? {} : { refusal: fake.refusal }),
    observer: SILENT_OBSERVER,
    file: FILE,
    instances: 1,
    intraOpThreads: 1,
    executionProviders: ['cpu'],
    omittedOutputs: [],
  };
}

const fakeRunner = ({ run }: FakeModel): Runner => ({
  async run(inputs, options = {}) {
    const outputs = await run(inputs, options);
    const timings = { queue: 0.25, computeInput: 0.5, computeInfer: 1, computeOutput: 0.125 };
    return { outputs, timings, batchSize: 1 };
  },
  async close() {},
});

/** Names of the identity models: `echo_fp32` takes `input` of rank 2 and gives it back as `output`. */
export const echoName = (datatype: Datatype): string => `echo_${datatype.toLowerCase()}`;

const spec = (name: string, datatype: Datatype, ...dims: (number | string)[]): TensorSpec => ({
  name,
  datatype,
  dims,
});

/** Gives `input` back as `output`. */
export function echoModel(name: string, datatype: Datatype, ...dims: (number | string)[]): FakeModel {
  return {
    name,
    signature: { inputs: [spec('input', datatype, ...dims)], outputs: [spec('output', datatype, ...dims)] },
    run: (inputs) => new Map([['output', input(inputs, 'input')]]),
  };
}

/** `SUM = A + B`, FP32 [batch,4], at most 8 rows, versions 1 and 2, variants default and int8, with class labels. */
export const ADD_MODEL: FakeModel = {
  name: 'add',
  versions: ['1', '2'],
  variants: ['default', 'int8'],
  maxBatchSize: 8,
  labels: new Map([['SUM', ['north', 'east', 'south', 'west']]]),
  signature: {
    inputs: [spec('A', 'FP32', 'batch', 4), spec('B', 'FP32', 'batch', 4)],
    outputs: [spec('SUM', 'FP32', 'batch', 4)],
  },
  run(inputs) {
    const a = input(inputs, 'A');
    const b = input(inputs, 'B');
    const sum = Float32Array.from({ length: a.data.length }, (_, i) => Number(a.data[i]) + Number(b.data[i]));
    return new Map([['SUM', makeTensor('FP32', a.shape, sum)]]);
  },
};

/** A model of one FP32 input [N] that always fails in the given way. */
const failing = (name: string, error: () => unknown): FakeModel => ({
  ...echoModel(name, 'FP32', ''),
  run: () => Promise.reject(error()),
});

/** Identities for every datatype, `echo_scalar` and `echo_vector` (FP32), `add`, and one model per way to fail. */
export function defaultModels(): FakeModel[] {
  return [
    ...(Object.keys(DATATYPES) as Datatype[]).map((datatype) =>
      echoModel(echoName(datatype), datatype, '', ''),
    ),
    echoModel('echo_scalar', 'FP32'),
    echoModel('echo_vector', 'FP32', ''),
    echoModel('echo_text', 'BYTES', 1),
    ADD_MODEL,
    { ...echoModel('absent', 'FP32', ''), state: 'UNAVAILABLE' },
    failing('full', () => new InferenceError('resource_exhausted', 'the queue is full', { retryAfter: 1.5 })),
    failing('late', () => new InferenceError('deadline_exceeded', 'the deadline passed in the queue')),
    failing('broken', () => new Error('secret of the implementation')),
    { ...echoModel('hang', 'FP32', ''), run: (_, { signal }) => untilAborted(signal) },
  ];
}

function untilAborted(signal: CancelSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const handleEvent = () =>
      reject(new InferenceError('canceled', 'the client is gone', { reason: 'canceled' }));
    if (signal?.aborted === true) handleEvent();
    else signal?.addEventListener('abort', { handleEvent });
  });
}

function input(inputs: TensorMap, name: string): Tensor {
  const tensor = inputs.get(name);
  if (tensor === undefined) throw new Error(`validation let a request without '${name}' pass`);
  return tensor;
}

const UNBATCHED: Batching = {
  maxBatchSize: 0,
  preferredBatchSizes: [],
  maxQueueDelay: 0,
  maxQueueSize: 0,
  priorityLevels: 0,
  defaultPriority: 0,
  defaultTimeout: 0,
  reason: 'fake',
};

const FILE: VariantFile = { name: 'model.onnx', path: '', bytes: 0 };

const NEVER = { count: 0, ns: 0 };

const NO_STATISTICS: StatisticsSnapshot = {
  last_inference: 0,
  inference_count: 0,
  execution_count: 0,
  inference_stats: {
    success: NEVER,
    fail: NEVER,
    queue: NEVER,
    compute_input: NEVER,
    compute_infer: NEVER,
    compute_output: NEVER,
    cache_hit: NEVER,
    cache_miss: NEVER,
  },
  batch_stats: [],
};
