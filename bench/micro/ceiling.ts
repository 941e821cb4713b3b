/**
 * Rows per second of the bare session (threads that do nothing but run it) and of the pool over it.
 * Usage: node bench/micro/ceiling.ts [minilm|tiny|mlp] [instances...]
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ComputeBudget } from '../../src/workers/compute-budget.ts';
import { sampleInputs } from '../../src/workers/sample-inputs.ts';
import { openPool, type WorkerPool } from '../../src/workers/worker-pool.ts';
import { encoderModel, MINILM } from '../../tests/support/onnx/encoder.ts';
import { modelFolder } from '../../tests/support/onnx/make-models.ts';
import { mlpModel } from '../../tests/support/onnx/models.ts';
import type { CeilingTask } from './ceiling-worker.ts';

const ROUNDS = 5;
const DURATION = 1000;
const LENGTH = 32;
const SIZES = [1, 16];

const MODELS: Record<string, () => Buffer> = {
  minilm: () => encoderModel(MINILM),
  tiny: () => encoderModel({ ...MINILM, layers: 2, width: 128, heads: 2, hidden: 512 }),
  mlp: () => mlpModel(),
};

async function bare(workers: readonly Worker[], rows: number): Promise<number> {
  const task: CeilingTask = { rows, length: LENGTH, duration: DURATION };
  const rates = await Promise.all(
    workers.map(async (worker) => {
      worker.postMessage(task);
      const [rate]: number[] = await once(worker, 'message');
      return rate ?? 0;
    }),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}

/** Keeps every slot of the pool taken; the inputs are written into its memory for each run, as a batcher does. */
async function pooled(pool: WorkerPool, rows: number): Promise<number> {
  const sample = sampleInputs(pool.signature, rows, { length: LENGTH });
  const start = performance.now();
  let done = 0;
  let failure: unknown;
  const { promise, resolve } = Promise.withResolvers<void>();
  const pump = (): void => {
    const over = performance.now() - start > DURATION || failure !== undefined;
    if (over && pool.running === 0) resolve();
    while (!over && pool.freeSlots > 0) {
      pool.run(sample).then(
        () => {
          done += rows;
        },
        (error: unknown) => {
          failure = error;
        },
      );
    }
  };
  const stop = pool.onSlotFree(pump);
  pump();
  await promise;
  stop();
  if (failure !== undefined) throw failure;
  return (done * 1000) / (performance.now() - start);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function compare(path: string, instances: number): Promise<void> {
  const workers = Array.from(
    { length: instances },
    () => new Worker(new URL('./ceiling-worker.ts', import.meta.url), { workerData: { path } }),
  );
  const budget = new ComputeBudget(instances);
  const pool = await openPool({ path, instances, intraOpThreads: 1, executionProviders: ['cpu'], budget });
  await pool.warm(SIZES, { length: LENGTH });
  for (const rows of SIZES) {
    const ceilings: number[] = [];
    const served: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ceilings.push(await bare(workers, rows));
      served.push(await pooled(pool, rows));
    }
    const ratios = served.map((rate, round) => rate / (ceilings[round] ?? Number.NaN));
    console.log(
      `${instances} instances, batch ${rows}: session ${median(ceilings).toFixed(0)} rows/s, pool ` +
        `${median(served).toFixed(0)} rows/s, ratio ${median(ratios).toFixed(3)}`,
    );
  }
  await pool.close();
  await Promise.all(workers.map((worker) => worker.terminate()));
}

const [name = 'minilm', ...counts] = process.argv.slice(2);
const make = MODELS[name];
if (make === undefined) throw new Error(`no model '${name}', there are ${Object.keys(MODELS).join(', ')}`);
await using folder = await modelFolder();
const path = await folder.write(`${name}.onnx`, make());
for (const instances of counts.length === 0 ? [1, 2] : counts.map(Number)) await compare(path, instances);
