/**
 * Resident memory over rounds of opening a pool, running it and closing it.
 * Usage: node --expose-gc bench/micro/reload-memory.ts [rounds] [minilm|tiny]
 */
import { ComputeBudget } from '../../src/workers/compute-budget.ts';
import { sampleInputs } from '../../src/workers/sample-inputs.ts';
import { openPool } from '../../src/workers/worker-pool.ts';
import { encoderModel, MINILM, TINY_ENCODER } from '../../tests/support/onnx/encoder.ts';
import { modelFolder } from '../../tests/support/onnx/make-models.ts';

const [rounds = '50', size = 'minilm'] = process.argv.slice(2);
await using folder = await modelFolder();
const path = await folder.write('encoder.onnx', encoderModel(size === 'minilm' ? MINILM : TINY_ENCODER));
const budget = new ComputeBudget(2);
const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

console.log(`start: ${mebibytes(process.memoryUsage.rss())}`);
for (let round = 1; round <= Number(rounds); round++) {
  const pool = await openPool({ path, instances: 2, intraOpThreads: 1, executionProviders: ['cpu'], budget });
  await pool.warm([1, 8]);
  const inputs = sampleInputs(pool.signature, 8, { length: 32 });
  await Promise.all([pool.run(inputs), pool.run(inputs)]);
  const open = process.memoryUsage.rss();
  await pool.close();
  globalThis.gc?.();
  if (round === 1 || round % 5 === 0) {
    console.log(`round ${round}: open ${mebibytes(open)}, closed ${mebibytes(process.memoryUsage.rss())}`);
  }
}
