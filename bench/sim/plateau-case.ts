import { nameOf, type Process } from './arrivals.ts';
import { batchers, run, sluice } from './field.ts';
import type { Measures } from './measure.ts';
import { capacity, SINGLE } from './settings.ts';

const LOADS = [0.5, 0.8, 1, 1.5, 2, 5, 10];
const SLACK_MS = 100;

export interface PlateauRow {
  readonly name: string;
  readonly policy: string;
  /** Answers on time per second over the node's capacity, by offered load. */
  readonly goodput: ReadonlyMap<number, number>;
  readonly late: number;
}

const PROCESSES: readonly Process[] = [
  { kind: 'poisson' },
  { kind: 'gamma', cv: 4 },
  { kind: 'bursts', ratio: 5, high: 1000, low: 4000 },
];

const goodputOf = ({ goodput }: Measures): number => goodput;

/** Goodput of one variant, from half to ten times what it can do; everything is due in 100 ms. */
export function plateauCases(horizon: number, told: (line: string) => void): PlateauRow[] {
  const peak = capacity(SINGLE) * 1000;
  return PROCESSES.flatMap((process) =>
    [sluice(SINGLE), ...batchers(SINGLE)].map((contender) => {
      const goodput = new Map<number, number>();
      let late = 0;
      for (const load of LOADS) {
        const rate = (load * peak) / 1000;
        const workload = { process, rate, horizon, seed: 5, slack: () => SLACK_MS };
        const measures = run(contender, SINGLE, workload, goodputOf);
        goodput.set(load, measures.goodput / peak);
        late = Math.max(late, measures.veryLate);
      }
      told(`goodput ${nameOf(process)} ${contender.name}`);
      return { name: nameOf(process), policy: contender.name, goodput, late };
    }),
  );
}

export const PLATEAU_LOADS = LOADS;

/** The lowest goodput at twice the peak and beyond, over the highest at any load. */
export function plateauOf({ goodput }: PlateauRow): number {
  const most = Math.max(...goodput.values());
  return Math.min(...[...goodput].filter(([load]) => load >= 2).map(([, value]) => value)) / most;
}
