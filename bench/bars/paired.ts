import type { Ceiling } from '../ceiling/ceiling.ts';
import type { Generator } from '../load/generator-process.ts';
import type { Load, WindowResult } from '../load/messages.ts';
import { type CoresUsed, coresBetween, readCpu } from '../machine/cpu.ts';
import { Histogram } from '../statistics/histogram.ts';
import { mean, median } from '../statistics/summary.ts';

/** Windows of the server, each between two of the bare sessions: a slow minute of the machine slows both. */
const ROUNDS = 3;

/** Milliseconds. */
const WINDOW = 2000;
const WARM_UP = 700;
const CEILING_WINDOW = 1500;

export interface ServedWindow {
  readonly result: WindowResult;
  readonly cores: CoresUsed;
}

/** One window of load on a server with the CPU time it took. `pid` is the server's process. */
export async function servedWindow(
  generator: Generator,
  load: Load,
  pid: number,
  { duration = WINDOW, warmUp = WARM_UP } = {},
): Promise<ServedWindow> {
  let before = readCpu(pid);
  const result = await generator.run(
    { load, warmUp, duration },
    { measuring: () => (before = readCpu(pid)) },
  );
  const [start, end] = await Promise.all([before, readCpu(pid)]);
  return { result, cores: coresBetween(start, end, result.generatorCpu / result.seconds) };
}

export interface Throughput {
  /** Rows per second, medians. */
  readonly ceiling: number;
  readonly served: number;
  /** Median over the rounds of served to the ceiling right before and after. */
  readonly ratio: number;
  /** The same with the generator's share of the cores taken from the ceiling: it would run elsewhere. */
  readonly ratioWithoutGenerator: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly cores: CoresUsed;
  readonly failures: Readonly<Record<string, number>>;
}

/** Rows per second of the server next to that of bare sessions. */
export async function compareThroughput(
  ceiling: Ceiling,
  generator: Generator,
  load: Load,
  { pid, cores }: { readonly pid: number; readonly cores: number },
): Promise<Throughput> {
  const ceilings = [await ceiling.rowsPerSecond(CEILING_WINDOW)];
  const windows: ServedWindow[] = [];
  const pairs: { readonly ratio: number; readonly without: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const window = await servedWindow(generator, load, pid);
    ceilings.push(await ceiling.rowsPerSecond(CEILING_WINDOW));
    windows.push(window);
    const ratio = rate(window.result) / mean(ceilings.slice(-2));
    const busy = ceiling.threads >= cores ? window.cores.generator / cores : 0;
    pairs.push({ ratio, without: ratio / (1 - busy) });
  }
  const latency = mergedLatency(windows);
  return {
    ceiling: median(ceilings),
    served: median(windows.map(({ result }) => rate(result))),
    ratio: median(pairs.map((pair) => pair.ratio)),
    ratioWithoutGenerator: median(pairs.map((pair) => pair.without)),
    p50: latency.quantile(0.5),
    p99: latency.quantile(0.99),
    cores: {
      server: median(windows.map((window) => window.cores.server)),
      generator: median(windows.map((window) => window.cores.generator)),
      others: median(windows.map((window) => window.cores.others)),
    },
    failures: failuresOf(windows),
  };
}

export interface AddedLatency {
  /** Milliseconds, medians of the windows' medians. */
  readonly bare: number;
  readonly served: number;
  readonly added: number;
  /** Cores that others kept busy. */
  readonly others: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** What one request at a time waits longer than the bare session takes. */
export async function compareLatency(
  ceiling: Ceiling,
  generator: Generator,
  load: Load,
  pid: number,
): Promise<AddedLatency> {
  const bare = [(await ceiling.latency(CEILING_WINDOW)).quantile(0.5)];
  const windows: ServedWindow[] = [];
  const added: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const window = await servedWindow(generator, load, pid);
    bare.push((await ceiling.latency(CEILING_WINDOW)).quantile(0.5));
    windows.push(window);
    added.push(halfOf(window) - mean(bare.slice(-2)));
  }
  return {
    bare: median(bare),
    served: median(windows.map(halfOf)),
    added: median(added),
    others: median(windows.map(({ cores }) => cores.others)),
    failures: failuresOf(windows),
  };
}

export const rate = ({ rows, seconds }: WindowResult): number => rows / seconds;

const halfOf = ({ result }: ServedWindow): number => Histogram.from(result.latency).quantile(0.5);

export function mergedLatency(windows: readonly ServedWindow[]): Histogram {
  const all = new Histogram();
  for (const { result } of windows) all.add(result.latency);
  return all;
}

export function failuresOf(windows: readonly ServedWindow[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { result } of windows) {
    for (const [name, count] of Object.entries(result.failures)) all[name] = (all[name] ?? 0) + count;
  }
  return all;
}
