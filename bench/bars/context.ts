import { availableParallelism } from 'node:os';
import { encoderModel, MINILM } from '../../tests/support/onnx/encoder.ts';
import { input, integers, model, node, output } from '../../tests/support/onnx/graph.ts';
import { mlpModel } from '../../tests/support/onnx/models.ts';
import type { Traffic } from '../inputs/requests.ts';
import type { Load } from '../load/messages.ts';
import { BenchRepository } from '../server/repository.ts';
import { Served } from '../server/served.ts';

export const SEED = 1;

/** What every case is measured with: one server over the shipped models and some generated ones. */
export interface BarsContext {
  readonly repository: BenchRepository;
  readonly server: Served;
  /** Cores of the machine, as many sessions has every model. */
  readonly cores: number;
  readonly shipped: readonly string[];
}

/** The generated models, and what is sent to them. */
export const MINILM_TRAFFIC: Traffic = {
  model: 'minilm',
  weight: 1,
  rows: 1,
  lengths: { kind: 'fixed', length: 32 },
  largestId: 30_000,
};
export const TINY_TRAFFIC: Traffic = { ...MINILM_TRAFFIC, model: 'tiny' };
export const IMAGE_TRAFFIC: Traffic = { ...MINILM_TRAFFIC, model: 'image' };

/**
 * `y` FP32 [batch, 3] = the mean of each channel of `x` FP32 [batch, 3, 224, 224]: a large input, little to compute.
 */
const imageModel = (): Buffer =>
  model([
    input('x', 'FP32', ['batch', 3, 224, 224]),
    output('y', 'FP32', ['batch', 3]),
    integers('axes', [2], [2, 3]),
    node('ReduceMean', ['x', 'axes'], ['y'], { keepdims: 0 }),
  ]);

/** Starts the server over all models. */
export async function openContext(): Promise<BarsContext & AsyncDisposable> {
  const cores = Math.min(availableParallelism(), 16);
  const repository = await BenchRepository.create();
  const shipped = await repository.copyShipped();
  await repository.write('minilm', encoderModel(MINILM));
  await repository.write('minilm-int8', encoderModel(MINILM, { int8: true }));
  await repository.write('tiny', mlpModel());
  await repository.write('image', imageModel());
  const server = await Served.start(repository.path, ['--cores', String(cores)]);
  return {
    repository,
    server,
    cores,
    shipped,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await repository[Symbol.asyncDispose]();
    },
  };
}

/** So many requests at any time; over HTTP they come from autocannon. */
export const closed = (concurrency: number): Load => ({ kind: 'closed', concurrency, driver: 'autocannon' });
