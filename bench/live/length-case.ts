import { median } from '../statistics/summary.ts';
import { figuresOf } from './figures.ts';
import { LONGEST, mixedLengths } from './lengths.ts';
import { ALONE, type LiveContext, PINNED, SLOWEST, WINDOWED } from './live-context.ts';
import type { Measured } from './live-generator.ts';
import { type PaddingCounters, readPadding } from './padding-counters.ts';
import type { Stream } from './stream.ts';

/** Requests out at any time. */
const CONCURRENCY = 64;

/** Windows of each policy, in turn. */
const ROUNDS = 3;

/** Milliseconds. */
const WINDOW = 2000;
const WARM_UP = 500;

export interface LengthRow {
  readonly policy: string;
  /** Requests per second, the median of the windows. */
  readonly throughput: number;
  /** Share of what was computed that was padding; NaN where the server does not know. */
  readonly padding: number;
  /** Milliseconds, medians. */
  readonly p50: number;
  readonly p99: number;
  /** Cores that others kept busy, the most in a window. */
  readonly others: number;
}

export interface LengthResult {
  readonly concurrency: number;
  /** The first is ours, the second blind to lengths. */
  readonly rows: readonly LengthRow[];
}

interface Policy {
  readonly policy: string;
  readonly stream: Stream;
}

/** All on one variant, so that nothing but the batches differs. */
const policies = (): Policy[] => {
  const mixed = mixedLengths();
  return [
    { policy: 'Sluice', stream: { model: `${PINNED}@${SLOWEST}`, rows: 1, lengths: mixed } },
    {
      policy: 'blind: all padded to the longest',
      stream: { model: `${WINDOWED}@${SLOWEST}`, rows: 1, lengths: LONGEST },
    },
    {
      policy: 'batches of equal lengths only',
      stream: { model: `${WINDOWED}@${SLOWEST}`, rows: 1, lengths: mixed },
    },
    { policy: 'no batches', stream: { model: `${ALONE}@${SLOWEST}`, rows: 1, lengths: mixed } },
  ];
};

/** Throughput with lengths of 8 to 128 in a closed loop, and how much of it is padding. */
export async function lengthCase(context: LiveContext): Promise<LengthResult> {
  const contenders = policies().map((policy) => ({
    ...policy,
    windows: [] as Measured[],
    counted: [] as PaddingCounters[],
  }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { policy, stream, windows, counted } of contenders) {
      const before = await readPadding(context.server.admin, stream.model);
      const window = await context.generator.run({
        stream,
        load: { kind: 'closed', concurrency: CONCURRENCY },
        warmUp: WARM_UP,
        duration: WINDOW,
      });
      const after = await readPadding(context.server.admin, stream.model);
      windows.push(window);
      counted.push({ tokens: after.tokens - before.tokens, padding: after.padding - before.padding });
      const { outcome, seconds } = window.samples;
      context.told(`lengths: ${policy}: ${(outcome.length / seconds).toFixed(0)}/s`);
    }
  }
  const rows = contenders.map(({ policy, windows, counted }): LengthRow => {
    const figures = windows.map(({ samples }) => figuresOf(samples, Infinity, context.accuracies));
    const sum = (pick: (each: PaddingCounters) => number): number =>
      counted.reduce((total, each) => total + pick(each), 0);
    return {
      policy,
      throughput: median(figures.map(({ answered }) => answered)),
      padding: sum(({ padding }) => padding) / sum(({ tokens }) => tokens),
      p50: median(figures.map(({ p50 }) => p50)),
      p99: median(figures.map(({ p99 }) => p99)),
      others: Math.max(...windows.map(({ cores }) => cores.others)),
    };
  });
  return { concurrency: CONCURRENCY, rows };
}
