import { comparePairs } from '../statistics/paired.ts';
import { median } from '../statistics/summary.ts';
import type { RatioEstimate } from '../statistics/welch.ts';
import type { Arena, RaceProgress } from './arena.ts';
import { type Configuration, nameOf } from './configuration.ts';
import { figuresOf, type LoadFigures, type Sample } from './figures.ts';
import type { Pace } from './pace.ts';

/** A configuration at the load that it is best at. */
export interface Contender {
  readonly configuration: Configuration;
  readonly concurrency: number;
}

export interface Duel {
  /** Whom the winner would replace: the defaults, or what is configured now. */
  readonly against: Configuration;
  readonly rival: LoadFigures;
  readonly winner: LoadFigures;
  /** Rows per second of the winner to the rival, 95 % confidence. */
  readonly gain: RatioEstimate;
  readonly pairs: number;
  /** Cores that others used meanwhile, the median. */
  readonly others: number;
}

const LEAST_PAIRS = 4;
const MOST_PAIRS = 12;

/**
 * Measures the winner of the race anew, next to its rival. It won because it was best in the very windows of the
 * final, so these say too much good of it: the gain is told from windows of their own. The two change places from
 * pair to pair. Undefined where one of them answered nothing.
 */
export async function runDuel(
  arena: Arena,
  pace: Pace,
  { rival, winner }: { readonly rival: Contender; readonly winner: Contender },
  bound: number,
  progress: RaceProgress,
): Promise<Duel | undefined> {
  const fitting = Math.floor((pace.end - pace.elapsed) / pace.least(2));
  const count = Math.min(MOST_PAIRS, Math.max(LEAST_PAIRS, fitting));
  const window = pace.window(2 * count, pace.end);
  const pairs: { readonly rival: Sample; readonly winner: Sample }[] = [];
  const measure = ({ configuration, concurrency }: Contender): Promise<Sample> =>
    arena.measure(configuration, concurrency, window);
  for (let pair = 0; pair < count; pair++) {
    progress.status(
      `winner against ${nameOf(rival.configuration)}, pair ${pair + 1} of ${count}`,
      pace.share,
    );
    if (pair % 2 === 0) {
      const first = await measure(rival);
      pairs.push({ rival: first, winner: await measure(winner) });
    } else {
      const first = await measure(winner);
      pairs.push({ winner: first, rival: await measure(rival) });
    }
  }
  const gain = comparePairs(pairs.map((pair) => [rate(pair.rival), rate(pair.winner)] as const));
  if (gain === undefined) return undefined;
  const together = (side: 'rival' | 'winner', { concurrency }: Contender): LoadFigures =>
    figuresOf(
      concurrency,
      pairs.map((pair) => pair[side]),
      bound,
    );
  return {
    against: rival.configuration,
    rival: together('rival', rival),
    winner: together('winner', winner),
    gain,
    pairs: count,
    others: median(pairs.flatMap((pair) => [pair.rival.others, pair.winner.others])),
  };
}

const rate = ({ rows, seconds }: Sample): number => rows / seconds;
