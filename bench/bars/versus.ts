import type { Generator } from '../load/generator-process.ts';
import type { Load } from '../load/messages.ts';
import { mean, median } from '../statistics/summary.ts';
import { closed } from './context.ts';
import { failuresOf, mergedLatency, rate, type ServedWindow, servedWindow } from './paired.ts';

/** A server to measure: where its load comes from, and its process. */
export interface Side {
  readonly generator: Generator;
  readonly pid: number;
}

export interface Versus {
  /** Rows per second, medians. */
  readonly ours: number;
  readonly theirs: number;
  /** Median over the rounds of ours to theirs right before and after. */
  readonly ratio: number;
  /** Milliseconds. */
  readonly p99: { readonly ours: number; readonly theirs: number };
  readonly others: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** Requests out, and for how long, milliseconds, until a server's code is compiled. */
const SETTLING = { concurrency: 64, duration: 4000 };

/** Lets servers serve before they are compared: what they do in their first seconds is not what they go on doing. */
export async function settle(...sides: readonly Side[]): Promise<void> {
  const { concurrency, duration } = SETTLING;
  for (const { generator } of sides) await generator.run({ load: closed(concurrency), warmUp: 0, duration });
}

/** Two servers under the same load, window by window in turn. */
export async function versus(
  ours: Side,
  theirs: Side,
  load: Load,
  { rounds = 2, duration = 1500, warmUp = 500 } = {},
): Promise<Versus> {
  const measure = (side: Side): Promise<ServedWindow> =>
    servedWindow(side.generator, load, side.pid, { duration, warmUp });
  const their = [await measure(theirs)];
  const our: ServedWindow[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const window = await measure(ours);
    their.push(await measure(theirs));
    our.push(window);
    ratios.push(rate(window.result) / mean(their.slice(-2).map(({ result }) => rate(result))));
  }
  return {
    ours: median(our.map(({ result }) => rate(result))),
    theirs: median(their.map(({ result }) => rate(result))),
    ratio: median(ratios),
    p99: { ours: mergedLatency(our).quantile(0.99), theirs: mergedLatency(their).quantile(0.99) },
    others: median([...our, ...their].map(({ cores }) => cores.others)),
    failures: failuresOf([...our, ...their]),
  };
}
