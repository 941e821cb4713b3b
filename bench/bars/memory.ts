import { setTimeout as sleep } from 'node:timers/promises';
import { encoderModel, MINILM } from '../../tests/support/onnx/encoder.ts';
import { Baseline } from '../baselines/baseline.ts';
import { Generator } from '../load/generator-process.ts';
import { processCpu } from '../machine/cpu.ts';
import { residentBytes, slope, watchMemory } from '../machine/memory.ts';
import { BenchRepository } from '../server/repository.ts';
import { Served } from '../server/served.ts';
import type { Bar } from './bar.ts';
import { type BarsContext, closed, MINILM_TRAFFIC, SEED } from './context.ts';

const MEBIBYTE = 2 ** 20;
const ABOVE = 80;

/** Growth at saturation that is told from noise, MiB per minute. */
const GROWTH = 1;

const CONCURRENCY = 64;

/** In fewer minutes a heap that is still finding its size looks like one that grows, by less than so many MiB a minute. */
const ENOUGH = 15;
const FINDING = 150;

/** Milliseconds between two readings, and of rest before the first. */
const INTERVAL = 500;
const REST = 2000;

/** CPU seconds that a server may use in `REST` to be at rest: it opens sessions after it is ready. */
const IDLE = 0.1;

/**
 * Resident memory of a server of its own with one model: at rest next to bare sessions, and its slope at saturation.
 */
export async function* memoryBars({ cores }: BarsContext, minutes: number): AsyncGenerator<Bar> {
  await using repository = await BenchRepository.create();
  const path = await repository.write('minilm', encoderModel(MINILM));
  await using server = await Served.start(repository.path, ['--cores', String(cores)]);
  await settled(server.pid);
  const count = await sessionsOf(server);
  await using bare = await Baseline.start('bare-sessions.ts', String(count), path);
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
    details: [`server ${mebibytes(served)}, ${count} bare sessions in threads ${mebibytes(sessions)}`],
  };
  yield {
    name: `memory at saturation, second half of ${minutes} min`,
    bar: `grows at most ${GROWTH} MiB per minute`,
    figure: `${growth.toFixed(2)} MiB per minute`,
    met: growth <= GROWTH,
    failures,
    ...(minutes < ENOUGH && growth < FINDING
      ? { open: `too short to tell: --soak ${ENOUGH} or more does` }
      : {}),
    details: [
      `from ${mebibytes(second[0] ?? Number.NaN)} to ${mebibytes(second.at(-1) ?? Number.NaN)}, at most ${mebibytes(Math.max(...seen))}`,
    ],
  };
}

/** Resolves when a server has nothing left to do. */
async function settled(pid: number): Promise<void> {
  let before: number;
  do {
    before = await processCpu(pid);
    await sleep(REST);
  } while ((await processCpu(pid)) - before > IDLE);
}

/** Sessions that a server with one model holds in its workers. */
async function sessionsOf({ admin }: Served): Promise<number> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const [, count] = /^sluice_instances\{.*\} (\d+)$/m.exec(text) ?? [];
  if (count === undefined) throw new Error('the server does not say how many sessions it holds');
  return Number(count);
}

const mebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(0)} MiB`;
