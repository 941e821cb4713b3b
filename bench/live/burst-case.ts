import type { Arrivals } from '../load/arrivals.ts';
import { meanOf } from '../statistics/welch.ts';
import { type Figures, figuresOf, mergeSamples } from './figures.ts';
import { mixedLengths } from './lengths.ts';
import {
  type Answered,
  FAMILY,
  FASTEST,
  type LiveContext,
  PINNED,
  SLOWEST,
  WINDOW_DELAY,
  WINDOWED,
} from './live-context.ts';
import { searchPeak } from './search-peak.ts';
import type { Stream } from './stream.ts';

/** Shares of what the fastest variant can do. */
export const LOADS = [0.25, 0.7, 1, 1.2];

/** Milliseconds that every request is given, and its rows: so many that computing is the limit. */
const DEADLINE = 100;
const ROWS = 8;

/** Windows of each policy in a case, in turn; and of those that are near the best by then. */
const ROUNDS = 3;
const CLOSE_ROUNDS = 8;
const CLOSE = 0.08;

/** Milliseconds. */
const WINDOW = 2500;
const WARM_UP = 400;

/**
 * Milliseconds for which everybody runs at the lowest load before anything counts: what batches take is learned while
 * serving.
 */
const SETTLE = 5000;

export const OURS = 'Sluice';
export const BEST_ONLY = 'best only';
export const FASTEST_ONLY = 'fastest only';

/** By name: who answers. */
const POLICIES: ReadonlyMap<string, string> = new Map([
  [OURS, FAMILY],
  [BEST_ONLY, `${PINNED}@${SLOWEST}`],
  [FASTEST_ONLY, `${PINNED}@${FASTEST}`],
  [`window of ${WINDOW_DELAY} ms, best`, `${WINDOWED}@${SLOWEST}`],
  [`window of ${WINDOW_DELAY} ms, fastest`, `${WINDOWED}@${FASTEST}`],
]);

const PROCESSES: readonly { readonly name: string; of(rate: number): Arrivals }[] = [
  { name: 'Gamma CV 4', of: (rate) => ({ kind: 'gamma', rate, cv: 4 }) },
  { name: 'bursts 1:5', of: (rate) => ({ kind: 'burst', rate, factor: 5, calm: 0.8, burst: 0.2 }) },
];

export interface BurstRow {
  readonly name: string;
  readonly load: number;
  /** By policy. */
  readonly figures: ReadonlyMap<string, Figures>;
  /** Effective accuracy by policy, at the place of the round; those that were far from the best have not all of them. */
  readonly rounds: ReadonlyMap<string, readonly (number | undefined)[]>;
  /** The most cores that others kept busy in one of the windows. */
  readonly others: number;
}

export interface BurstResult {
  readonly deadline: number;
  readonly rowsPerRequest: number;
  /** Requests per second that the fastest variant answers on time at most. */
  readonly capacity: number;
  readonly rows: readonly BurstRow[];
  /** Accuracy of the best and of the fastest variant. */
  readonly best: number;
  readonly fastest: number;
}

/** Effective accuracy under bursts, next to that of policies that do not choose. */
export async function burstCases(context: LiveContext): Promise<BurstResult> {
  const { accuracies, told } = context;
  const streamOf = (model: string): Stream => {
    return { model, rows: ROWS, lengths: mixedLengths(), deadline: DEADLINE };
  };
  const measure = (model: string, arrivals: Arrivals, seed: number): Promise<Answered> =>
    context.measure({ stream: streamOf(model), arrivals, seed, duration: WINDOW, warmUp: WARM_UP });
  const { goodput: capacity } = await searchPeak(
    async (rate) => {
      const { figures } = await measure(`${PINNED}@${FASTEST}`, { kind: 'poisson', rate }, 1);
      return figures.goodput;
    },
    await context.closedRate(streamOf(`${PINNED}@${FASTEST}`)),
  );
  told(`bursts: ${FASTEST} answers ${capacity.toFixed(0)}/s on time`);
  const rows: BurstRow[] = [];
  for (const { of } of PROCESSES) {
    const arrivals = of((LOADS[0] ?? 0) * capacity);
    for (const model of POLICIES.values())
      await context.measure({ stream: streamOf(model), arrivals, seed: 1, duration: SETTLE });
  }
  // Loads only rise: an overload is remembered for a moment.
  for (const load of LOADS) {
    for (const { name, of } of PROCESSES) {
      const answers = new Map<string, Answered[]>([...POLICIES.keys()].map((policy) => [policy, []]));
      const rounds = new Map<string, number[]>([...POLICIES.keys()].map((policy) => [policy, []]));
      const accuracyOf = (policy: string): number => effectiveAccuracy(answers.get(policy) ?? [], accuracies);
      for (let round = 0; round < CLOSE_ROUNDS; round++) {
        const best = Math.max(...[...POLICIES.keys()].map(accuracyOf));
        const policies = [...POLICIES].filter(
          ([policy]) => round < ROUNDS || policy === OURS || accuracyOf(policy) > best - CLOSE,
        );
        // Nobody is always the one that comes after the same other.
        const order = round % 2 === 0 ? policies : policies.toReversed();
        for (const [policy, model] of order) {
          const answered = await measure(model, of(load * capacity), 100 + round);
          answers.get(policy)?.push(answered);
          (rounds.get(policy) ?? [])[round] = answered.figures.effectiveAccuracy;
        }
      }
      const row: BurstRow = {
        name,
        load,
        figures: new Map(
          [...answers].map(([policy, parts]) => [
            policy,
            figuresOf(mergeSamples(parts.map(({ samples }) => samples)), DEADLINE, accuracies),
          ]),
        ),
        rounds,
        others: Math.max(...[...answers.values()].flat().map(({ cores }) => cores.others)),
      };
      const said = [...row.figures].map(
        ([policy, { effectiveAccuracy }]) => `${policy} ${(effectiveAccuracy * 100).toFixed(1)}`,
      );
      told(`bursts: ${name} at ${load}: ${said.join(', ')}`);
      rows.push(row);
    }
  }
  return {
    deadline: DEADLINE,
    rowsPerRequest: ROWS,
    capacity,
    rows: PROCESSES.flatMap(({ name }) => rows.filter((row) => row.name === name)),
    best: accuracies.get(SLOWEST) ?? 0,
    fastest: accuracies.get(FASTEST) ?? 0,
  };
}

/** Of several windows together; 0 of none. */
function effectiveAccuracy(parts: readonly Answered[], accuracies: ReadonlyMap<string, number>): number {
  if (parts.length === 0) return 0;
  return figuresOf(mergeSamples(parts.map(({ samples }) => samples)), DEADLINE, accuracies).effectiveAccuracy;
}

export interface Lead {
  readonly lead: number;
  /** What it is known to at 95 % confidence, by the rounds, whose arrivals are the same for all: Student's t. */
  readonly reach: number;
}

/** What we are above the best rival, in the rounds that both ran in. */
export function leadOf({ figures, rounds }: BurstRow, rivals = [...POLICIES.keys()].slice(1)): Lead {
  const scoreOf = (policy: string): number => figures.get(policy)?.effectiveAccuracy ?? 0;
  const best = rivals.reduce((most, each) => (scoreOf(each) > scoreOf(most) ? each : most));
  const theirs = rounds.get(best) ?? [];
  const leads = (rounds.get(OURS) ?? []).flatMap((own, round) => {
    const their = theirs[round];
    return own === undefined || their === undefined ? [] : [own - their];
  });
  const { mean: lead, reach } = meanOf(leads);
  return { lead, reach };
}
