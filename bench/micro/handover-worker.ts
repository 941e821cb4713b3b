import { workerData } from 'node:worker_threads';
import { binding, initOrt } from 'onnxruntime-node/dist/binding.js';
import { move, transferableSymbol, valueSymbol } from 'piscina';

initOrt();
const session = new binding.InferenceSession();
session.loadModel(workerData.path, { intraOpNumThreads: 1, logSeverityLevel: 4 });

export interface HandoverTask {
  readonly data: Float32Array;
  /** Where the output goes; the runtime's own memory, which is then cloned or transferred, when left out. */
  readonly into?: Float32Array;
  readonly transfer: boolean;
}

const native = (data: Float32Array) =>
  ({ type: 'float32', dims: [1, data.length], data, location: 'cpu' }) as never;

export function run({ data, into, transfer }: HandoverTask): unknown {
  const fetched = session.run({ x: native(data) }, { y: into === undefined ? null : native(into) }, {});
  if (into !== undefined) return undefined;
  const output = fetched['y']?.data as Float32Array<ArrayBuffer>;
  if (!transfer) return output;
  return move({ [transferableSymbol]: [output.buffer], [valueSymbol]: output });
}
