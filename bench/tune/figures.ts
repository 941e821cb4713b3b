import type { WindowResult } from '../load/messages.ts';
import { judge } from '../statistics/early-stopping.ts';
import { Histogram } from '../statistics/histogram.ts';
import { failedOf } from '../suite/figures.ts';

/** One window of one configuration at one concurrency. */
export interface Sample
  extends Pick<WindowResult, 'seconds' | 'rows' | 'latency' | 'failures' | 'failureMessages'> {
  /** Cores that neither the server nor the load used, but something else on the machine. */
  readonly others: number;
  /** CPU time of the server, seconds; NaN where the system does not tell. */
  readonly cpu: number;
}

/** Windows of one configuration at one concurrency, as one. */
export interface LoadFigures {
  readonly concurrency: number;
  /** Rows per second. Failures are not in it. */
  readonly rows: number;
  /** Milliseconds; NaN where nothing was answered. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** CPU time of the server per row, milliseconds; NaN where nothing was answered or the system does not tell. */
  readonly cpu: number;
  /** How long it was measured. */
  readonly seconds: number;
  /** Whether the 99th percentile is within the bound; a failed request is a slow one. */
  readonly within: boolean;
  /** Whether 99 % of all requests are within the bound, as far as can be claimed at 99 % confidence. */
  readonly claim: 'met' | 'missed' | 'open';
}

const QUANTILE = 0.99;

export function figuresOf(concurrency: number, samples: readonly Sample[], bound: number): LoadFigures {
  const histogram = new Histogram();
  let [seconds, rows, failed, cpu] = [0, 0, 0, 0];
  for (const sample of samples) {
    seconds += sample.seconds;
    rows += sample.rows;
    cpu += sample.cpu;
    failed += failedOf(sample);
    histogram.add(sample.latency);
  }
  const count = histogram.count + failed;
  const slow = histogram.above(bound) + failed;
  return {
    concurrency,
    rows: seconds === 0 ? 0 : rows / seconds,
    p50: histogram.quantile(0.5),
    p99: histogram.quantile(QUANTILE),
    failed,
    cpu: rows === 0 ? Number.NaN : (cpu * 1000) / rows,
    seconds,
    within: count > 0 && slow <= count * (1 - QUANTILE),
    claim: count === 0 ? 'missed' : judge(count, slow, QUANTILE),
  };
}

/** How sure it must be that a configuration misses the bound before it counts as missing it. */
export type Strictness = 'doubtless' | 'measured';

/**
 * The load at which a configuration answers most within the bound; undefined where it meets the bound at none. With
 * few samples a percentile says little: `doubtless` lets through what may still be within.
 */
export function bestLoad(loads: readonly LoadFigures[], strictness: Strictness): LoadFigures | undefined {
  return loads
    .filter(({ within, claim }) => (strictness === 'measured' ? within : claim !== 'missed'))
    .toSorted((a, b) => b.rows - a.rows)[0];
}

/** Orders configurations: most rows per second within the bound first, then those that miss it by least. */
export function compareLoads(
  a: readonly LoadFigures[],
  b: readonly LoadFigures[],
  strictness: Strictness,
): number {
  const [first, second] = [bestLoad(a, strictness), bestLoad(b, strictness)];
  if (first !== undefined && second !== undefined) return second.rows - first.rows;
  if (first !== undefined || second !== undefined) return first === undefined ? 1 : -1;
  return leastTail(a) - leastTail(b);
}

const leastTail = (loads: readonly LoadFigures[]): number =>
  Math.min(...loads.map(({ p99 }) => (Number.isNaN(p99) ? Number.MAX_VALUE : p99)));
