import { env } from 'onnxruntime-node';
import { type Binding, binding, initOrt } from 'onnxruntime-node/dist/binding.js';
import { InferenceError, messageOf, unavailable } from '../errors.ts';
import type { Runner, RunOptions, RunResult } from '../inference/runner.ts';
import type { Signature, TensorSpec } from '../inference/signature.ts';
import { DATATYPES, type Datatype, type TensorData } from '../tensor/datatype.ts';
import type { Tensor, TensorMap } from '../tensor/tensor.ts';
import { openFailure, runFailure } from './ort-errors.ts';
import { rowsOf } from './rows.ts';
import type { SessionOptions } from './session-options.ts';

/** What the binding takes and gives for a tensor; it reads these four properties and no more. */
interface NativeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: TensorData | Float16Array;
  readonly location: 'cpu';
}

type Feeds = Parameters<Binding.InferenceSession['run']>[0];
type Fetches = Parameters<Binding.InferenceSession['run']>[1];

/** ONNX's element types (TensorProto.DataType) by number, as far as the protocol has them. */
const BY_ELEMENT_TYPE: ReadonlyMap<number, Datatype> = new Map<number, Datatype>([
  [1, 'FP32'],
  [2, 'UINT8'],
  [3, 'INT8'],
  [4, 'UINT16'],
  [5, 'INT16'],
  [6, 'INT32'],
  [7, 'INT64'],
  [8, 'BYTES'],
  [9, 'BOOL'],
  [10, 'FP16'],
  [11, 'FP64'],
  [12, 'UINT32'],
  [13, 'UINT64'],
]);

const REFUSED_ELEMENT_TYPES: ReadonlyMap<number, string> = new Map([
  [14, 'COMPLEX64'],
  [15, 'COMPLEX128'],
  [16, 'BF16'],
  [17, 'FP8'],
  [18, 'FP8'],
  [19, 'FP8'],
  [20, 'FP8'],
  [21, 'UINT4'],
  [22, 'INT4'],
  [23, 'FP4'],
]);

/** One model file, open in ONNX Runtime. A run holds the calling thread until it is done. */
export class OrtSession implements Runner {
  readonly signature: Signature;
  /** Outputs that are not tensors (sequences, maps): they are never fetched. */
  readonly omittedOutputs: readonly string[];
  readonly #session: Binding.InferenceSession;
  readonly #allOutputs: readonly string[];
  #closed = false;

  private constructor(session: Binding.InferenceSession, signature: Signature, omitted: readonly string[]) {
    this.#session = session;
    this.signature = signature;
    this.omittedOutputs = omitted;
    this.#allOutputs = signature.outputs.map(({ name }) => name);
  }

  /** Reads, optimises and checks the file. Throws `failed_precondition` with the reason. */
  static open(path: string, options: SessionOptions): OrtSession {
    const session = load(path, options);
    try {
      const inputs = session.inputMetadata.map((meta) => specOf(meta, 'input'));
      const outputs = session.outputMetadata.filter(({ isTensor }) => isTensor);
      const omitted = session.outputMetadata.filter(({ isTensor }) => !isTensor);
      if (outputs.length === 0) throw new Error('none of its outputs is a tensor');
      const signature = { inputs, outputs: outputs.map((meta) => specOf(meta, 'output')) };
      return new OrtSession(
        session,
        signature,
        omitted.map(({ name }) => name),
      );
    } catch (error) {
      session.dispose();
      throw openFailure(path, error);
    }
  }

  async run(inputs: TensorMap, options: RunOptions = {}): Promise<RunResult> {
    if (this.#closed) throw unavailable('the session is closed');
    if (options.signal?.aborted === true) throw new InferenceError('canceled', 'the request was canceled');
    const start = performance.now();
    if (options.deadline !== undefined && options.deadline < start) {
      throw new InferenceError('deadline_exceeded', 'the deadline has passed');
    }
    const outputs = this.runSync(inputs, options.outputs);
    return {
      outputs,
      timings: { queue: 0, computeInput: 0, computeInfer: performance.now() - start, computeOutput: 0 },
      batchSize: rowsOf(inputs, this.signature),
    };
  }

  /** Throws `invalid_argument` where the inputs do not fit, `internal` where an operator fails. */
  runSync(inputs: TensorMap, outputs: readonly string[] = this.#allOutputs): TensorMap {
    const feeds: Record<string, NativeTensor> = Object.create(null);
    for (const [name, tensor] of inputs) feeds[name] = toNative(tensor);
    const fetches: Fetches = Object.create(null);
    for (const name of outputs) fetches[name] = null;
    const fetched = this.#call(feeds, fetches);
    return new Map(outputs.map((name) => [name, this.#output(name, fetched[name])]));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.dispose();
  }

  #call(feeds: Record<string, NativeTensor>, fetches: Fetches): Record<string, NativeTensor | undefined> {
    try {
      return this.#session.run(feeds as unknown as Feeds, fetches, {}) as unknown as Record<
        string,
        NativeTensor
      >;
    } catch (error) {
      throw runFailure(error);
    }
  }

  #output(name: string, native: NativeTensor | undefined): Tensor {
    const spec = this.signature.outputs.find((output) => output.name === name);
    if (native === undefined || spec === undefined) {
      throw new InferenceError('internal', `the model did not produce output '${name}'`);
    }
    return { datatype: spec.datatype, shape: native.dims, data: rawBits(native.data) };
  }
}

function load(path: string, options: SessionOptions): Binding.InferenceSession {
  const { intraOpThreads, executionProviders } = options;
  requireProviders(path, executionProviders);
  // The runtime's own log lines go to stderr past our logger; whatever matters in them is thrown as well.
  env.logLevel = 'fatal';
  try {
    initOrt();
    const session = new binding.InferenceSession();
    session.loadModel(path, {
      executionProviders: [...executionProviders],
      intraOpNumThreads: intraOpThreads,
      graphOptimizationLevel: options.graphOptimization ?? 'all',
      interOpNumThreads: 1,
      logSeverityLevel: 4,
      extra: {
        // The threads of a run wait for each other awake; spinning on after it, they would burn a core of an idle server.
        'session.intra_op.allow_spinning': '1',
        'session.force_spinning_stop': '1',
        'session.inter_op.allow_spinning': '0',
        // The runtime would place what a provider cannot do on the CPU without a word.
        ...(executionProviders.includes('cpu') ? {} : { 'session.disable_cpu_ep_fallback': '1' }),
      },
    });
    return session;
  } catch (error) {
    throw openFailure(path, providerFailure(error, executionProviders) ?? error);
  }
}

/**
 * The package says which providers it was built with; asking for another one would otherwise end in a vague message.
 */
function requireProviders(path: string, wanted: readonly string[]): void {
  const known = binding.listSupportedBackends().map(({ name }) => name);
  if (wanted.length === 0) throw openFailure(path, new Error('no execution provider is configured'));
  for (const name of wanted) {
    if (known.includes(name)) continue;
    const reason = `execution provider '${name}' is not in this build of ONNX Runtime, it has ${known.join(', ')}`;
    throw openFailure(path, new Error(reason));
  }
}

/** The error of a provider that is known but cannot be had on this machine, with its name in front. */
function providerFailure(error: unknown, wanted: readonly string[]): Error | undefined {
  const text = messageOf(error);
  const named = wanted.find(
    (name) => name !== 'cpu' && new RegExp(`_${name}\\b|\\b${name}\\b`, 'i').test(text),
  );
  if (named === undefined) return undefined;
  return new Error(`execution provider '${named}' cannot be used on this machine: ${text}`, { cause: error });
}

function specOf(meta: Binding.ValueMetadata, kind: 'input' | 'output'): TensorSpec {
  const datatype = meta.isTensor ? BY_ELEMENT_TYPE.get(meta.type) : undefined;
  if (datatype === undefined) {
    const type = meta.isTensor ? REFUSED_ELEMENT_TYPES.get(meta.type) : 'not a tensor';
    throw new Error(
      `${kind} '${meta.name}' is ${type ?? `of element type ${meta.type}`}, which cannot be served`,
    );
  }
  const dims = meta.shape.map((size, axis) => (size >= 0 ? size : (meta.symbolicDimensions[axis] ?? '')));
  return { name: meta.name, datatype, dims };
}

/**
 * Plain objects: the runtime's own Tensor class would turn float16 bits into a Float16Array, which its binding refuses.
 */
function toNative({ datatype, shape, data }: Tensor): NativeTensor {
  const { onnx } = DATATYPES[datatype];
  if (onnx === undefined) throw new InferenceError('unimplemented', `datatype ${datatype} cannot be run`);
  return { type: onnx, dims: shape, data, location: 'cpu' };
}

const rawBits = (data: TensorData | Float16Array): TensorData =>
  data instanceof Float16Array ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
