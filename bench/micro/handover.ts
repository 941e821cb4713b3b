/**
 * How tensors best get into a worker thread and out of it: round trips through a Piscina worker that runs an identity
 * model, for three sizes. Usage: node bench/micro/handover.ts
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { modelFolder } from '../../tests/support/onnx/make-models.ts';
import { identityModel } from '../../tests/support/onnx/models.ts';
import { median } from '../statistics/summary.ts';
import type { HandoverTask } from './handover-worker.ts';

const SIZES = [256, 4 * 1024, 64 * 1024, 600 * 1024];
const ROUNDS = 9;
const RUNS_PER_ROUND = 300;

type Ingoing = (source: Float32Array<ArrayBuffer>) => { data: Float32Array; transferList: ArrayBuffer[] };
type Outgoing = (length: number) => Pick<HandoverTask, 'into' | 'transfer'>;

const shared = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(length * 4));

function copyInto(target: Float32Array, source: Float32Array): Float32Array {
  target.set(source);
  return target;
}

function ingoing(length: number): Record<string, Ingoing> {
  const recycled = shared(length);
  return {
    clone: (source) => ({ data: source, transferList: [] }),
    'copy and transfer': (source) => {
      const data = new Float32Array(source);
      return { data, transferList: [data.buffer] };
    },
    'copy to fresh shared': (source) => ({ data: copyInto(shared(length), source), transferList: [] }),
    'copy to recycled shared': (source) => ({ data: copyInto(recycled, source), transferList: [] }),
    'lies in recycled shared': () => ({ data: recycled, transferList: [] }),
  };
}

function outgoing(length: number): Record<string, Outgoing> {
  const recycled = shared(length);
  return {
    clone: () => ({ transfer: false }),
    transfer: () => ({ transfer: true }),
    'preallocated in fresh shared': () => ({ into: shared(length), transfer: false }),
    'preallocated in recycled shared': () => ({ into: recycled, transfer: false }),
  };
}

interface Sample {
  readonly wall: number;
  readonly cpu: number;
}

async function measure(pool: Piscina, way: Ingoing, out: Outgoing, length: number): Promise<Sample> {
  const source = new Float32Array(length).fill(1);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  for (let run = 0; run < RUNS_PER_ROUND; run++) {
    const { data, transferList } = way(source);
    await pool.run({ data, ...out(length) }, { name: 'run', transferList });
  }
  const wall = ((performance.now() - start) * 1000) / RUNS_PER_ROUND;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wall, cpu: (user + system) / RUNS_PER_ROUND };
}

async function compare(pool: Piscina, bytes: number): Promise<void> {
  const length = bytes / 4;
  const waysIn = ingoing(length);
  const waysOut = outgoing(length);
  const baseIn = waysIn['lies in recycled shared'];
  const baseOut = waysOut['transfer'];
  if (baseIn === undefined || baseOut === undefined) throw new Error('no base to compare with');
  const cases: [string, Ingoing, Outgoing][] = [
    ...Object.entries(waysIn).map(([name, way]): [string, Ingoing, Outgoing] => [
      `in: ${name}`,
      way,
      baseOut,
    ]),
    ...Object.entries(waysOut).map(([name, way]): [string, Ingoing, Outgoing] => [
      `out: ${name}`,
      baseIn,
      way,
    ]),
  ];
  const samples = new Map<string, Sample[]>(cases.map(([name]) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, way, out] of cases) {
      const sample = await measure(pool, way, out, length);
      if (round > 0) samples.get(name)?.push(sample);
    }
  }
  console.log(`\n${bytes} bytes each way`);
  for (const [name, list] of samples) {
    const wall = median(list.map((sample) => sample.wall));
    const cpu = median(list.map((sample) => sample.cpu));
    console.log(
      `  ${name.padEnd(38)} ${wall.toFixed(0).padStart(6)} us  ${cpu.toFixed(0).padStart(6)} us CPU`,
    );
  }
}

await using folder = await modelFolder();
const path = await folder.write('identity.onnx', identityModel('FP32', 'width'));
const pool = new Piscina({
  filename: fileURLToPath(new URL('./handover-worker.ts', import.meta.url)),
  workerData: { path },
  minThreads: 1,
  maxThreads: 1,
  concurrentTasksPerWorker: 2,
  atomics: 'disabled',
  recordTiming: false,
});
for (const bytes of SIZES) await compare(pool, bytes);
await pool.close();
