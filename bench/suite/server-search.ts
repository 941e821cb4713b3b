import type { WindowResult } from '../load/messages.ts';
import { judge, queriesNeeded } from '../statistics/early-stopping.ts';
import { Histogram } from '../statistics/histogram.ts';
import { failedOf, LATE_SHARE, lateShare } from './figures.ts';
import type { Bench } from './measure.ts';
import type { Point, RateLimit } from './result.ts';

export interface ServerSearch {
  /** The 99th percentile must not be above this, milliseconds. */
  readonly bound: number;
  readonly seed: number;
}

export interface FoundRate {
  /** Requests per second; 0 where no rate met the bound. */
  readonly rate: number;
  /** What kept it from being larger. */
  readonly limit: RateLimit;
  /** Rates that were tried, in their order. */
  readonly tried: readonly Tried[];
}

export interface Tried {
  readonly rate: number;
  /** `late`: the generator could not keep up, so the rate cannot be claimed. */
  readonly outcome: 'met' | 'missed' | 'late';
}

const QUANTILE = 0.99;

/** Seeds from here on are of arrivals that no search has had. */
const UNSEEN = 1000;

/** The search ends when the least rate that misses is this near above the largest that meets. */
export const NEAR = 1.05;

/**
 * It ends, too, when no rate down to this share of where it began has met: a window has to last longer the lower the
 * rate.
 */
const LEAST_SHARE = 1 / 16;

/** Windows that are added while the figures leave it open whether the bound is met. */
const MOST_TRIES = 3;

/** Windows of one rate in which the generator may not keep up, until the rate counts as too much for it. */
const MOST_LATE = 2;

/**
 * A window lasts so many times the bound at least: more than a server can answer piles up slowly, and a rate that is
 * `NEAR` above it has to miss the bound before the window ends.
 */
const BOUNDS_PER_WINDOW = 1 / (NEAR - 1);

/** Rates that are tried at most; the last of them are left to bisect what the doubling leaves. */
const MOST_RATES = 12;
const BISECTIONS = 4;

/** Concurrency of the closed loop that tells where to begin. */
const PROBE_CONCURRENCY = 32;

/** The largest Poisson rate whose 99th percentile is within the bound: doubling, then bisection. */
export async function searchRate(bench: Bench, search: ServerSearch): Promise<FoundRate> {
  const tried: Tried[] = [];
  const meets = async (rate: number): Promise<boolean> => {
    // Where a rate before this one was too much for the generator, it is no moment's neighbour.
    const mostLate = tried.at(-1)?.outcome === 'late' ? 1 : MOST_LATE;
    const outcome = await tryRate(bench, search, rate, mostLate);
    tried.push({ rate, outcome });
    return outcome === 'met';
  };
  let met = 0;
  let missed = await closedRate(bench, search.bound);
  const least = missed * LEAST_SHARE;
  if (missed === 0) return { rate: 0, limit: 'search', tried };
  while (tried.length < MOST_RATES - BISECTIONS && (await meets(missed))) {
    met = missed;
    missed *= 2;
  }
  while (missed > met * NEAR && missed > least && tried.length < MOST_RATES) {
    const middle = met === 0 ? missed / 2 : Math.sqrt(met * missed);
    if (await meets(middle)) met = middle;
    else missed = middle;
  }
  return { rate: met, limit: limitOf(met, tried), tried };
}

/** Told by the least rate above the one that met the bound. */
function limitOf(met: number, tried: readonly Tried[]): RateLimit {
  const above = tried.filter(({ rate }) => rate > met);
  if (above.length === 0) return 'search';
  const next = above.reduce((least, each) => (each.rate < least.rate ? each : least));
  return next.outcome === 'late' ? 'generator' : 'server';
}

async function closedRate({ generator, progress, warmUp, window }: Bench, bound: number): Promise<number> {
  progress.status('server: looking for where to begin');
  const load = { kind: 'closed', concurrency: PROBE_CONCURRENCY, driver: 'own' } as const;
  // An answer that takes longer than a window may be within the bound all the same.
  const duration = Math.max(window, bound);
  const { answered, seconds } = await generator.run({ load, warmUp, duration });
  return answered / seconds;
}

/** Failed requests are slow ones: none of them was on time. */
async function tryRate(
  { generator, progress, warmUp, window }: Bench,
  search: ServerSearch,
  rate: number,
  mostLate: number,
) {
  const enough = (queriesNeeded(1, QUANTILE) * 1.1 * 1000) / rate;
  const duration = Math.max(window, enough, search.bound * BOUNDS_PER_WINDOW);
  const load = { kind: 'open', arrivals: { kind: 'poisson', rate }, seed: search.seed } as const;
  let [count, slow, late] = [0, 0, 0];
  for (let attempt = 1; ; attempt++) {
    progress.status(`server: ${rate.toFixed(1)} requests/s, window ${attempt}`);
    const result = await generator.run({ load: { ...load, seed: search.seed + attempt }, warmUp, duration });
    if (lateShare(result) > LATE_SHARE) {
      // Once it may be somebody else on the machine, for a moment: it would stand for the limit of the server.
      if (++late === mostLate) return 'late';
      continue;
    }
    count += result.latency.count + failedOf(result);
    slow += slowIn(result, search.bound);
    const verdict = judge(count, slow, QUANTILE);
    if (verdict !== 'open') return verdict;
    if (attempt - late === MOST_TRIES) return 'missed';
  }
}

/** The seed of the load that a found rate is measured with anew: the search may have had luck with its arrivals. */
export const unseen = (seed: number): number => seed + UNSEEN;

/** What says for sure that a rate does not meet the bound it was found for; undefined where nothing does. */
export function refutation({ latency, windows }: Point, rate: number, bound: number): string | undefined {
  const failed = windows.reduce((sum, each) => sum + each.failed, 0);
  const count = latency.count + failed;
  const slow = Histogram.from(latency).above(bound) + failed;
  if (judge(count, slow, QUANTILE) !== 'missed') return undefined;
  return `measured again at ${rate.toFixed(1)} requests/s, ${slow} of ${count} were not answered within ${bound} ms`;
}

const slowIn = (result: WindowResult, bound: number): number =>
  Histogram.from(result.latency).above(bound) + failedOf(result);
