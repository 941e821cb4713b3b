import { setTimeout as sleep } from 'node:timers/promises';
import { encoderModel, MINILM } from '../../tests/support/onnx/encoder.ts';
import { Baseline } from '../baselines/baseline.ts';
import { Generator } from '../load/generator-process.ts';
import { residentBytes, slope, watchMemory } from '../machine/memory.ts';
import { BenchRepository } from '../server/repository.ts';
import { Served } from '../server/served.ts';
import { type Bar, failureLines } from './bar.ts';
import { type BarsContext, closed, MINILM_TRAFFIC, SEED } from './context.ts';

const MEBIBYTE = 2 ** 20;
const ABOVE = 80;

/** Growth at saturation that is told from noise, MiB per minute. */
const GROWTH = 1;

const CONCURRENCY = 64;

/** In fewer minutes a heap that is still finding its size looks like one that grows. */
const ENOUGH = 15;

/** Milliseconds between two readings, and of rest before the first. */
const INTERVAL = 500;
const REST = 2000;

/**
 * Resident memory of a server of its own with one model: at rest next to bare sessions, and its slope at saturation.
 */
export async function* memoryBars({ cores }: BarsContext, minutes: number): AsyncGenerator<Bar> {
  await using repository = await BenchRepository.create();
  const path = await repository.write('minilm', encoderModel(MINILM));
  await using server = await Served.start(repository.path, ['--cores', String(cores)]);
  await using bare = await Baseline.start('bare-sessions.ts', String(sessionsOf(cores)), path);
  await sleep(REST);
  const [served, sessions] = await Promise.all([residentBytes(server.pid), residentBytes(bare.pid)]);
  const above = (served - sessions) / MEBIBYTE;
  await bare[Symbol.asyncDispose]();

  const target = { protocol: 'rest-binary', address: server.rest } as const;
  await using generator = await Generator.open({ target, traffic: [MINILM_TRAFFIC], seed: SEED });
  const run = generator.run({ load: closed(CONCURRENCY), warmUp: 5000, duration: minutes * 60_000 });
  const seen = (await watchMemory(server.pid, run, INTERVAL)).slice(Math.ceil(5000 / INTERVAL));
  const { failures } = await run;
  const second = seen.slice(Math.floor(seen.length / 2));
  const growth = (slope(second) * (60_000 / INTERVAL)) / MEBIBYTE;
  yield {
    name: 'memory at rest, minilm',
    bar: `${ABOVE} MiB above its sessions`,
    figure: `${above.toFixed(0)} MiB`,
    met: above <= ABOVE,
    details: [
      `server ${mebibytes(served)}, ${sessionsOf(cores)} bare sessions in threads ${mebibytes(sessions)}`,
    ],
  };
  yield {
    name: `memory at saturation, second half of ${minutes} min`,
    bar: `grows at most ${GROWTH} MiB per minute`,
    figure: `${growth.toFixed(2)} MiB per minute`,
    met: growth <= GROWTH,
    ...(minutes < ENOUGH ? { open: `too short to tell: --soak ${ENOUGH} or more does` } : {}),
    details: [
      `from ${mebibytes(second[0] ?? Number.NaN)} to ${mebibytes(second.at(-1) ?? Number.NaN)}, at most ${mebibytes(Math.max(...seen))}`,
      ...failureLines(failures),
    ],
  };
}

/** An instance for each core, and where there are several one more for runs that have them all. */
const sessionsOf = (cores: number): number => (cores > 1 ? cores + 1 : cores);

const mebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(0)} MiB`;
