import { nameOf, type Process } from './arrivals.ts';
import { clairvoyantBound } from './clairvoyant.ts';
import { batchers, choosers, run, sluice } from './field.ts';
import type { Measures } from './measure.ts';
import { capacity, FAMILY, MAX_BATCH_SIZE, mixedSlack, PROCESSES } from './settings.ts';
import { requestsOf, type Workload } from './workload.ts';

const LOADS = [0.1, 0.25, 0.5, 0.8, 1.2, 3];

export interface AccuracyRow {
  readonly process: Process;
  readonly name: string;
  /** Offered, as a share of what the fastest variant can do. */
  readonly load: number;
  /** Effective accuracy by policy. */
  readonly scores: ReadonlyMap<string, number>;
  readonly ours: Measures;
  readonly bound: number;
}

const effective = ({ effectiveAccuracy }: Measures): number => effectiveAccuracy;

/** Effective accuracy (accuracy of the answers on time over everything offered), for every process and load. */
export function accuracyCases(horizon: number, told: (line: string) => void): AccuracyRow[] {
  const rivals = [...choosers(FAMILY), ...batchers(FAMILY)];
  return PROCESSES.flatMap((process) =>
    LOADS.map((load) => {
      const rate = load * capacity(FAMILY);
      const workload: Workload = { process, rate, horizon, seed: 7, slack: mixedSlack };
      const ours = run(sluice(FAMILY), FAMILY, workload, effective);
      const scores = new Map<string, number>([['Sluice', ours.effectiveAccuracy]]);
      for (const rival of rivals)
        scores.set(rival.name, run(rival, FAMILY, workload, effective).effectiveAccuracy);
      const bound = clairvoyantBound(FAMILY, requestsOf(workload), MAX_BATCH_SIZE);
      told(`accuracy ${nameOf(process)} ${load}`);
      return { process, name: nameOf(process), load, scores, ours, bound };
    }),
  );
}

/** The best score of a rival, and whose it is. */
export function bestRival({ scores }: AccuracyRow): { readonly name: string; readonly score: number } {
  let best = { name: '', score: -Infinity };
  for (const [name, score] of scores) if (name !== 'Sluice' && score > best.score) best = { name, score };
  return best;
}
