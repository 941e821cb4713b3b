import type { Lengths } from '../inputs/lengths.ts';
import type { Load } from '../load/messages.ts';
import type { Machine } from '../machine/describe.ts';
import type { Reused, Stages } from '../stages/stages.ts';
import type { HistogramData } from '../statistics/histogram.ts';
import type { TargetSpec } from '../targets/target.ts';

export const FORMAT = 'sluice-bench/1';

/** `concurrency` and `rate` sweep over a list; the others are the scenarios of MLPerf inference. */
export const SCENARIOS = [
  'concurrency',
  'rate',
  'single-stream',
  'multi-stream',
  'server',
  'offline',
] as const;

export type Scenario = (typeof SCENARIOS)[number];

/** One window in figures; rates per second, times in milliseconds. */
export interface WindowFigures {
  readonly throughput: number;
  readonly rows: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly failed: number;
  /** Requests that were meant to go; open load only, where their number is chance. */
  readonly sent?: number;
}

/** `generator`: it could not send the next rate in time. `search`: no larger rate was tried. */
export type RateLimit = 'server' | 'generator' | 'search';

/** What a scenario is about, in one number. */
export interface Headline {
  readonly name: string;
  /** Undefined where too few queries were measured for a claim. */
  readonly value?: number;
  readonly unit: string;
  readonly note?: string;
  /** What kept a rate from being larger: only what the server limits is its own. Scenario `server` only. */
  readonly limit?: RateLimit;
}

/** One load, measured. */
export interface Point {
  readonly scenario: Scenario;
  /** "concurrency 8", "poisson 200/s". */
  readonly label: string;
  readonly load: Load;
  /** The windows that count: the last ones. */
  readonly windows: readonly WindowFigures[];
  /** Answers and rows per second over these windows. Failures are in neither. */
  readonly throughput: number;
  readonly rows: number;
  readonly latency: HistogramData;
  /** Failed requests of all windows, also of those that do not count. */
  readonly failures: Readonly<Record<string, number>>;
  readonly failureMessages?: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, { readonly answered: number; readonly latency: HistogramData }>>;
  /** Whether the last three windows agree within 10 %. */
  readonly stable: boolean;
  /** Why the figures must not be used; empty where they may. */
  readonly invalid: readonly string[];
  /** What to know about figures that may be used. */
  readonly notes?: readonly string[];
  readonly stages?: Stages;
  /** Answers that the server did not compute: throughput it would not have with other requests. */
  readonly reused?: Reused;
  /** Rows per batch that the server executed. */
  readonly batchSize?: number;
  /** Rows per second of bare sessions right before, between and after the windows that count; `ceiling` is the mean. */
  readonly ceiling?: number;
  readonly ceilings?: readonly number[];
  /** Cores busy on average; the server's only where it runs here. */
  readonly cores: { readonly server?: number; readonly generator: number; readonly others?: number };
  readonly headline?: Headline;
}

export interface CeilingFigures {
  readonly sessions: number;
  readonly bestBatch: number;
  /** Median milliseconds of one row, one session alone. */
  readonly p50: number;
}

/** What one model was sent; what its requests have no use for is left out. */
export interface SentTraffic {
  readonly model: string;
  readonly weight: number;
  readonly rows: number;
  readonly lengths?: Lengths;
  readonly largestId?: number;
  /** How many texts there were, and a hash of them, hexadecimal. */
  readonly texts?: { readonly count: number; readonly sha256: string };
}

/** A whole run, as the JSON file has it. */
export interface SuiteResult {
  readonly format: typeof FORMAT;
  /** ISO 8601. */
  readonly started: string;
  readonly machine: Machine;
  readonly target: TargetSpec;
  readonly traffic: readonly SentTraffic[];
  readonly seed: number;
  readonly ceiling?: CeilingFigures;
  readonly points: readonly Point[];
}
