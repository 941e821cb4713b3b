import type { Generator } from '../load/generator-process.ts';
import type { Load, WindowResult } from '../load/messages.ts';
import { type CpuReading, coresBetween, readCpu } from '../machine/cpu.ts';
import {
  batchSizeBetween,
  type Counters,
  type ReadCounters,
  reusedBetween,
  stagesBetween,
} from '../stages/stages.ts';
import { Histogram } from '../statistics/histogram.ts';
import { isStable, STABLE_WINDOWS } from '../statistics/stability.ts';
import { mean } from '../statistics/summary.ts';
import { TIMED_OUT } from '../targets/target.ts';
import { figuresOf, isGrouped, mergeWindows, notesOf, problemsOf } from './figures.ts';
import type { Point, Scenario } from './result.ts';
import { littleRemarks, longerWindow } from './window-length.ts';

/** What a point is measured with. */
export interface Bench {
  readonly generator: Pick<Generator, 'run'>;
  readonly counters: ReadCounters;
  /** Rows per second of bare sessions, now. */
  readonly ceiling?: () => Promise<number>;
  /** The server's process, where it is on this machine and known. */
  readonly serverPid?: number;
  /** Milliseconds. */
  readonly window: number;
  readonly warmUp: number;
  /** Windows per load at most. */
  readonly mostWindows: number;
  readonly progress: Progress;
}

export interface Progress {
  /** What is going on; replaces what it said before. */
  status(text: string): void;
  /** A point is done. */
  point(point: Point): void;
}

export interface PointSpec {
  readonly scenario: Scenario;
  readonly label: string;
  readonly load: Load;
  /** Queries to measure at least, over all windows that count. */
  readonly leastQueries?: number;
}

/** Warm-up of every window of a closed load but the first, milliseconds. */
const SHORT_WARM_UP = 300;

interface Measured {
  readonly result: WindowResult;
  readonly before: Reading;
  readonly after: Reading;
}

interface Reading {
  readonly cpu: CpuReading;
  readonly counters: Counters | undefined;
}

/**
 * Measures one load until its last windows agree, or there have been enough of them. Those that were too short for the
 * load's answers are not among them: they only told how long the others have to be.
 */
export async function measurePoint(bench: Bench, spec: PointSpec): Promise<Point> {
  const ceilings = bench.ceiling === undefined ? [] : [await bench.ceiling()];
  const short: Measured[] = [];
  const measured: Measured[] = [];
  const least = spec.leastQueries ?? 0;
  let duration = bench.window;
  do {
    const index = short.length + measured.length;
    const next = await measureWindow({ ...bench, window: duration }, spec, index);
    measured.push(next);
    if (bench.ceiling !== undefined) ceilings.push(await bench.ceiling());
    const longer = measured.length === 1 ? longerWindow(spec.load, next.result, duration) : undefined;
    if (longer === undefined) continue;
    short.push(...measured.splice(0));
    duration = longer;
  } while (measured.length < bench.mostWindows && isWorthMore(measured, least));
  return toPoint(spec, { short, measured }, ceilings);
}

async function measureWindow(bench: Bench, { label, load }: PointSpec, index: number): Promise<Measured> {
  const said = `${label}, window ${index + 1}`;
  bench.progress.status(`${said}: warming up`);
  let before = read(bench);
  // An open load has nothing out at first: as long as that lasts, fewer answers come than requests go.
  const short = index > 0 && load.kind === 'closed';
  const warmUp = short ? Math.min(bench.warmUp, SHORT_WARM_UP) : bench.warmUp;
  const result = await bench.generator.run(
    { load: loadOf(load, index), warmUp, duration: bench.window },
    {
      measuring: () => {
        before = read(bench);
      },
      progress: (answered, failed) => {
        bench.progress.status(`${said}: ${answered} answered${failed === 0 ? '' : `, ${failed} FAILED`}`);
      },
    },
  );
  return { result, before: await before, after: await read(bench) };
}

/**
 * Every window of an open load has arrivals of its own: the same ones again would agree with each other however many
 * bursts they happen to have, and three times their percentile would still be that of one.
 */
const loadOf = (load: Load, index: number): Load =>
  load.kind === 'open' ? { ...load, seed: load.seed + index } : load;

async function read({ counters, serverPid }: Bench): Promise<Reading> {
  return { cpu: await readCpu(serverPid), counters: await counters() };
}

/**
 * A load that is answered with nothing but failures gets no second window, and one that leaves requests unanswered no
 * further one: each would last as long as they are waited for.
 */
function isWorthMore(measured: readonly Measured[], leastQueries: number): boolean {
  if (measured.length === 0) return true;
  const windows = measured.map(({ result }) => result);
  const count = windows.reduce((sum, { latency }) => sum + latency.count, 0);
  if (count === 0 || windows.some(({ failures }) => failures[TIMED_OUT] !== undefined)) return false;
  return count < leastQueries || !isSteady(windows);
}

/** An open load's windows differ in what was sent, which is chance: what became of it is the server's. */
function isSteady(windows: readonly WindowResult[]): boolean {
  return isStable(
    windows.map(({ answered, seconds, latency, lateness }) => ({
      throughput: answered / (lateness?.count ?? seconds),
      latency: Histogram.from(latency).mean,
    })),
  );
}

interface Windows {
  readonly short: readonly Measured[];
  readonly measured: readonly Measured[];
}

function toPoint(spec: PointSpec, { short, measured }: Windows, ceilings: readonly number[]): Point {
  const counted = lastOf(measured, spec.leastQueries ?? 0);
  const windows = counted.map(({ result }) => result);
  const merged = mergeWindows(windows);
  // A failure is told whenever it was: windows that do not count are still part of the run.
  const { failures, failureMessages } = mergeWindows([...short, ...measured].map(({ result }) => result));
  const { seconds, answered, rows, latency } = merged;
  const first = counted[0]?.before;
  const last = counted.at(-1)?.after;
  const [before, after] = [first?.counters, last?.counters];
  const known = before !== undefined && after !== undefined;
  const each = isGrouped(spec.load) ? undefined : Histogram.from(latency).mean;
  const stages = known ? stagesBetween(before, after, each) : undefined;
  const batchSize = known ? batchSizeBetween(before, after) : undefined;
  const reused = known ? reusedBetween(before, after) : undefined;
  const little = littleRemarks(spec.load, windows);
  const notes = [...notesOf(merged), ...little.notes];
  const stable = isSteady(measured.map(({ result }) => result));
  const beside = ceilings.slice(-counted.length - 1);
  return {
    scenario: spec.scenario,
    label: spec.label,
    load: spec.load,
    windows: windows.map(figuresOf),
    throughput: answered / seconds,
    rows: rows / seconds,
    latency,
    failures,
    ...(failureMessages === undefined ? {} : { failureMessages }),
    models: merged.byModel,
    stable,
    invalid: [...problemsOf(merged), ...little.problems],
    ...(notes.length === 0 ? {} : { notes }),
    ...(stages === undefined ? {} : { stages }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(reused === undefined ? {} : { reused }),
    ...(beside.length === 0 ? {} : { ceiling: mean(beside), ceilings: beside }),
    cores: coresOf(counted),
  };
}

/** The last windows: three, or as many as it takes to have the queries. */
function lastOf(measured: readonly Measured[], leastQueries: number): readonly Measured[] {
  let count = 0;
  let taken = 0;
  for (const { result } of measured.toReversed()) {
    if (taken >= STABLE_WINDOWS && count >= leastQueries) break;
    taken++;
    count += result.latency.count;
  }
  return measured.slice(measured.length - taken);
}

function coresOf(measured: readonly Measured[]): Point['cores'] {
  const each = measured.map(({ result, before, after }) =>
    coresBetween(before.cpu, after.cpu, result.generatorCpu / result.seconds),
  );
  const server = mean(each.map((cores) => cores.server));
  const generator = mean(each.map((cores) => cores.generator));
  if (Number.isNaN(server)) return { generator };
  return { server, generator, others: mean(each.map(({ others }) => others)) };
}
