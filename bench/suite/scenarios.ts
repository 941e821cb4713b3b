import { parseArrivals } from '../load/arrivals.ts';
import type { Load } from '../load/messages.ts';
import { queriesNeeded, sureQuantile } from '../statistics/early-stopping.ts';
import { Histogram } from '../statistics/histogram.ts';
import { type Bench, measurePoint } from './measure.ts';
import type { Headline, Point, Scenario } from './result.ts';
import { type FoundRate, refutation, searchRate, unseen } from './server-search.ts';

export interface ScenarioOptions {
  readonly concurrencies: readonly number[];
  /** Requests per second. */
  readonly rates: readonly number[];
  /** `poisson`, `constant`, `gamma:CV` or `burst:FACTOR:CALM:BURST`. */
  readonly arrivals: string;
  /** Bound of the 99th percentile in scenario `server`, milliseconds. */
  readonly bound: number;
  /** Requests that are out at once in scenario `offline`. */
  readonly offlineConcurrency: number;
  readonly driver: 'autocannon' | 'own';
  readonly seed: number;
}

/** Requests of a query of MultiStream. */
const STREAMS = 8;

/** What MLPerf inference asks of a valid Offline run. */
const OFFLINE_SAMPLES = 24_576;

type Run = (bench: Bench, options: ScenarioOptions) => Promise<Point[]>;

const RUN: Readonly<Record<Scenario, Run>> = {
  concurrency: (bench, { concurrencies, driver }) =>
    inTurn(concurrencies, (concurrency) =>
      measurePoint(bench, {
        scenario: 'concurrency',
        label: `concurrency ${concurrency}`,
        load: { kind: 'closed', concurrency, driver },
      }),
    ),
  rate: (bench, { rates, arrivals, seed }) =>
    inTurn(rates, (rate) =>
      measurePoint(bench, {
        scenario: 'rate',
        label: `${arrivals} ${rate}/s`,
        load: { kind: 'open', arrivals: parseArrivals(arrivals, rate), seed },
      }),
    ),
  'single-stream': async (bench, { driver }) => {
    const load: Load = { kind: 'closed', concurrency: 1, driver };
    const leastQueries = queriesNeeded(1, 0.9);
    const point = await measurePoint(bench, {
      scenario: 'single-stream',
      label: 'single stream',
      load,
      leastQueries,
    });
    return [{ ...point, headline: surely(point, 0.9, 'p90') }];
  },
  'multi-stream': async (bench) => {
    const load: Load = { kind: 'closed', concurrency: 1, driver: 'own', together: STREAMS };
    const leastQueries = queriesNeeded(1, 0.99);
    const label = `multi stream, ${STREAMS} at once`;
    const point = await measurePoint(bench, { scenario: 'multi-stream', label, load, leastQueries });
    return [{ ...point, headline: surely(point, 0.99, 'p99 of the slowest of 8') }];
  },
  server: async (bench, { bound, seed }) => {
    const found = await searchRate(bench, { bound, seed });
    // Where none was found, the least that was tried shows how far off the server is.
    const rate = found.rate || (found.tried.map((each) => each.rate).sort((a, b) => a - b)[0] ?? 1);
    const load: Load = { kind: 'open', arrivals: { kind: 'poisson', rate }, seed: unseen(seed) };
    // Without the rate: runs that found others are compared by it.
    const label = `server, p99 within ${bound} ms`;
    const point = await measurePoint(bench, { scenario: 'server', label, load });
    const problem = found.rate === 0 ? noRateText(found) : refutation(point, rate, bound);
    const headline: Headline = {
      name: `Poisson rate with p99 within ${bound} ms`,
      ...(problem === undefined ? { value: rate } : {}),
      unit: 'requests/s',
      note: `tried ${found.tried.map((each) => `${each.rate.toFixed(1)} (${each.outcome})`).join(', ')}`,
      ...(found.rate > 0 && problem !== undefined ? {} : { limit: found.limit }),
    };
    return [{ ...point, headline, invalid: [...(problem === undefined ? [] : [problem]), ...point.invalid] }];
  },
  offline: async (bench, { offlineConcurrency, driver }) => {
    const load: Load = { kind: 'closed', concurrency: offlineConcurrency, driver };
    const label = `offline, ${offlineConcurrency} requests out`;
    const point = await measurePoint(bench, { scenario: 'offline', label, load });
    const samples = Math.round((point.rows / Math.max(point.throughput, 1e-9)) * point.latency.count);
    const note =
      samples < OFFLINE_SAMPLES ? `${samples} samples; MLPerf asks for ${OFFLINE_SAMPLES}` : undefined;
    const headline = { name: 'rows per second', value: point.rows, unit: 'rows/s', ...(note && { note }) };
    return [{ ...point, headline }];
  },
};

function noRateText({ limit, tried }: FoundRate): string {
  if (tried.length === 0) return 'no rate was tried: the closed loop that tells where to begin had no answer';
  const late = tried.filter(({ outcome }) => outcome === 'late').length;
  const sent = limit === 'server' ? '' : `; ${late} of ${tried.length} the generator could not send in time`;
  return `no rate that was tried kept the bound${sent}`;
}

export const runScenario = (scenario: Scenario, bench: Bench, options: ScenarioOptions): Promise<Point[]> =>
  RUN[scenario](bench, options);

async function inTurn<Value>(
  values: readonly Value[],
  measure: (value: Value) => Promise<Point>,
): Promise<Point[]> {
  const points: Point[] = [];
  for (const value of values) points.push(await measure(value));
  return points;
}

/**
 * The quantile that is claimed with 99 % confidence, as MLPerf's early stopping has it. A failed query is slower than
 * every answered one: where the quantile falls among the failed, there is no latency to claim.
 */
function surely(point: Point, quantile: number, figure: string): Headline {
  const name = `${figure}, early stopping`;
  const answered = Histogram.from(point.latency);
  // Of the windows that count: those before are not among the answered ones either.
  const failed = point.windows.reduce((sum, each) => sum + each.failed, 0);
  const count = answered.count + failed;
  const ranked = (rank: number): number =>
    rank > answered.count ? Number.POSITIVE_INFINITY : answered.ranked(rank);
  const value = sureQuantile({ count, ranked }, quantile);
  if (value === undefined) {
    const note = `${count} queries are too few, it takes ${queriesNeeded(0, quantile)}`;
    return { name, unit: 'ms', note };
  }
  if (Number.isFinite(value)) return { name, value, unit: 'ms' };
  const share = ((1 - quantile) * 100).toFixed(0);
  return {
    name,
    unit: 'ms',
    note: `${failed} of ${count} queries failed, too many for less than ${share} % to be slower`,
  };
}
