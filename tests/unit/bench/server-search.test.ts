import { expect, test } from 'vitest';
import { schedule } from '../../../bench/load/arrivals.ts';
import type { Window, WindowResult } from '../../../bench/load/messages.ts';
import { headlineText } from '../../../bench/report/table.ts';
import type { Bench } from '../../../bench/suite/measure.ts';
import { runScenario } from '../../../bench/suite/scenarios.ts';
import { searchRate } from '../../../bench/suite/server-search.ts';
import { histogramOf } from './result-fixture.ts';

/** Milliseconds that the server below takes for a request: it answers 100 a second, one after the other. */
const SERVICE = 10;

/** A server with one queue, without an end, in the order of arrival. */
function queueLatencies({ load, warmUp, duration }: Window): number[] {
  if (load.kind === 'closed') return Array.from({ length: duration / SERVICE }, () => SERVICE);
  let free = 0;
  const latencies: number[] = [];
  for (const time of schedule(load.arrivals, warmUp + duration, load.seed)) {
    free = Math.max(free, time) + SERVICE;
    if (time >= warmUp) latencies.push(free - time);
  }
  return latencies;
}

function benchOf(latenciesOf: (window: Window) => number[], late = (): number => 0): Bench {
  const run = async (window: Window): Promise<WindowResult> => {
    const latencies = latenciesOf(window);
    const answered = latencies.length;
    return {
      ...{
        seconds: window.duration / 1000,
        answered,
        rows: answered,
        failures: {},
        byModel: {},
        generatorCpu: 0,
      },
      latency: histogramOf(latencies),
      ...(window.load.kind === 'open' ? { lateness: histogramOf(latencies.map(late)) } : {}),
    };
  };
  return {
    counters: async () => undefined,
    ...{ generator: { run }, mostWindows: 1, warmUp: 0, window: 1000 },
    progress: { status: () => {}, point: () => {} },
  };
}

test.each([100, 2000])(
  'a rate that the server cannot keep up with does not meet a bound of %d ms',
  async (bound) => {
    const { rate } = await searchRate(benchOf(queueLatencies), { bound, seed: 1 });
    expect(rate).toBeGreaterThan(50);
    expect(rate).toBeLessThan(106);
  },
);

test('one window in which the generator could not keep up does not end the search below it', async () => {
  let disturbed = 0;
  let slow = 0;
  const bench = benchOf(
    (window) => {
      const low = window.load.kind === 'open' && window.load.arrivals.rate < 60;
      slow = low && disturbed++ === 0 ? 5 : 0;
      return queueLatencies(window);
    },
    () => slow,
  );
  const undisturbed = await searchRate(benchOf(queueLatencies), { bound: 100, seed: 1 });
  expect(undisturbed.rate).toBeGreaterThan(60);
  const found = await searchRate(bench, { bound: 100, seed: 1 });
  expect(disturbed).toBeGreaterThan(0);
  expect(found.rate).toBeCloseTo(undisturbed.rate, 6);
});

test('a rate that the generator never sends in time is not claimed', async () => {
  const { rate, tried } = await searchRate(
    benchOf(queueLatencies, () => 5),
    { bound: 100, seed: 1 },
  );
  expect(rate).toBe(0);
  expect(tried[0]?.outcome).toBe('late');
});

const OPTIONS = {
  ...{ concurrencies: [], rates: [], arrivals: 'poisson', bound: 100, offlineConcurrency: 1, seed: 1 },
  driver: 'own',
} as const;

/** Scenario `server` where the generator is late above one rate, and the server slow above another. */
async function serverPoint({ lateAbove = 1e9, slowAbove = 1e9 }) {
  const rateOf = ({ load }: Window): number => (load.kind === 'open' ? load.arrivals.rate : 1000);
  let rate = 0;
  const latencies = (window: Window): number[] => {
    rate = rateOf(window);
    const count = Math.min(2000, (rate * window.duration) / 1000);
    return Array.from({ length: count }, () => (rate > slowAbove ? 1000 : 5));
  };
  const bench = benchOf(latencies, () => (rate > lateAbove ? 5 : 0));
  const [point] = await runScenario('server', bench, OPTIONS);
  if (point === undefined) throw new Error('no point');
  return { ...point, text: headlineText(point.headline ?? { name: '', unit: '' }) };
}

test('a rate that only the generator limits is the least that the server can do', async () => {
  const server = await serverPoint({ slowAbove: 3000, lateAbove: 5000 });
  expect(server).toMatchObject({ headline: { limit: 'server' }, invalid: [] });
  expect(server.text).not.toContain('at least');
  const generator = await serverPoint({ lateAbove: 3000 });
  expect(generator).toMatchObject({ headline: { limit: 'generator' }, invalid: [] });
  expect(generator.text).toMatch(/: at least 2\d\d\d\.\d requests\/s \(the limit of the generator; tried /);
  const search = await serverPoint({});
  expect(search).toMatchObject({ headline: { limit: 'search' }, invalid: [] });
  expect(search.text).toMatch(/: at least .* \(no larger rate was tried; tried /);
});

test('where no rate that was tried kept the bound, there are no figures', async () => {
  const server = await serverPoint({ slowAbove: 1 });
  expect(server.invalid).toEqual(['no rate that was tried kept the bound']);
  expect(server.headline).toMatchObject({ limit: 'server' });
  expect(server.headline?.value).toBeUndefined();
  const { headline, invalid } = await serverPoint({ lateAbove: 1 });
  expect(headline).toMatchObject({ limit: 'generator' });
  expect(headline?.value).toBeUndefined();
  expect(invalid[0]).toMatch(
    /^no rate that was tried kept the bound; 5 of 5 the generator could not send in/,
  );
});

test('the search goes far above what a closed loop answers, where latency and not the server limits that', async () => {
  const most = 10_000;
  const latencies = ({ load, duration }: Window): number[] => {
    const rate = load.kind === 'open' ? load.arrivals.rate : 100;
    return Array.from({ length: (rate * duration) / 1000 }, () => (rate > most ? 1000 : 80));
  };
  const { rate } = await searchRate(benchOf(latencies), { bound: 100, seed: 1 });
  expect(rate).toBeGreaterThan(most / 1.06);
});

test('a rate that misses the bound when it is measured again is not claimed', async () => {
  const seeds = new Set<number>();
  const pointWith = async (slower: number) => {
    let searching = true;
    const bench = benchOf((window) => {
      // The last windows are those with arrivals that were not in the search.
      if (window.load.kind === 'open') searching &&= window.load.seed < 1000;
      if (window.load.kind === 'open') seeds.add(window.load.seed);
      return queueLatencies(window).map((latency) => (searching ? latency : latency * slower));
    });
    return (await runScenario('server', { ...bench, window: 5000 }, OPTIONS))[0];
  };
  const kept = await pointWith(1);
  expect(kept?.headline?.value).toBeGreaterThan(50);
  expect(kept?.invalid).toEqual([]);
  const refuted = await pointWith(10);
  expect(refuted?.headline?.value).toBeUndefined();
  expect(refuted?.invalid).toEqual([expect.stringMatching(/measured again at .* within 100 ms/)]);
  expect([...seeds].filter((seed) => seed > 1000)).toHaveLength(1);
});
