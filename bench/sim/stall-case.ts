import { nameOf, type Process } from './arrivals.ts';
import { batchers, choosers, run, sluice } from './field.ts';
import type { Measures } from './measure.ts';
import { capacity, FAMILY, mixedSlack } from './settings.ts';
import type { Node } from './simulate.ts';

export interface StallRow {
  readonly name: string;
  readonly load: number;
  /** Of the batches are held up, by `STALL` milliseconds on average. */
  readonly share: number;
  /** By policy. */
  readonly measures: ReadonlyMap<string, Measures>;
}

export const STALL = 20;
const SHARES = [0.03, 0.1];
const LOADS = [0.25, 0.7, 1.2];
const ARRIVALS: readonly Process[] = [{ kind: 'poisson' }, { kind: 'gamma', cv: 4 }];
const RIVALS = ['fastest only', 'fixed window', 'early drop'];

/**
 * A machine on which now and then a batch is held up by something else: a neighbour, a CPU quota, a collection of
 * garbage. No prediction sees it coming.
 */
export function stallCases(horizon: number, told: (line: string) => void): StallRow[] {
  return SHARES.flatMap((share) => {
    const node: Node = { ...FAMILY, stalls: { share, mean: STALL } };
    const rivals = [...choosers(node), ...batchers(node)].filter(({ name }) => RIVALS.includes(name));
    return ARRIVALS.flatMap((process) =>
      LOADS.map((load): StallRow => {
        const workload = { process, rate: load * capacity(FAMILY), horizon, seed: 7, slack: mixedSlack };
        const measures = new Map(
          [sluice(node), ...rivals].map((each) => [
            each.name,
            run(each, node, workload, ({ effectiveAccuracy }) => effectiveAccuracy),
          ]),
        );
        told(`stalls ${share} ${nameOf(process)} ${load}`);
        return { name: nameOf(process), load, share, measures };
      }),
    );
  });
}
