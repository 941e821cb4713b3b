import { expect, test } from 'vitest';
import type { Window, WindowResult } from '../../../bench/load/messages.ts';
import { coresBetween } from '../../../bench/machine/cpu.ts';
import { missingModels, problemsOf } from '../../../bench/suite/figures.ts';
import { type Bench, measurePoint } from '../../../bench/suite/measure.ts';
import { runScenario, type ScenarioOptions } from '../../../bench/suite/scenarios.ts';
import { searchRate } from '../../../bench/suite/server-search.ts';
import { histogramOf, pointOf } from './result-fixture.ts';

/** A server that answers `most` requests a second in a closed loop, and an open one by what `latencyAt` says. */
function serverOf(most: number, latencyAt: (rate: number) => number, failures = {}) {
  const seconds: number[] = [];
  const warmUps: number[] = [];
  const run = async ({ load, warmUp, duration }: Window): Promise<WindowResult> => {
    seconds.push(duration / 1000);
    warmUps.push(warmUp);
    const rate = load.kind === 'open' ? load.arrivals.rate : most;
    const answered = Math.round((rate * duration) / 1000);
    const latency = histogramOf(Array.from({ length: answered }, () => latencyAt(rate)));
    return {
      seconds: duration / 1000,
      answered,
      rows: answered,
      failures,
      latency,
      byModel: {},
      generatorCpu: 0,
    };
  };
  const bench: Bench = {
    counters: async () => undefined,
    mostWindows: 1,
    generator: { run },
    progress: { status: () => {}, point: () => {} },
    warmUp: 0,
    window: 1000,
  };
  return { bench, seconds, warmUps };
}

test('the search finds the largest rate that keeps the bound', async () => {
  const { bench } = serverOf(1000, (rate) => (rate <= 700 ? 10 : 200));
  const { rate } = await searchRate(bench, { bound: 50, seed: 1 });
  expect(rate).toBeGreaterThan(700 / 1.05);
  expect(rate).toBeLessThanOrEqual(700);
});

test('the search goes above what a closed loop answers', async () => {
  const { bench } = serverOf(100, (rate) => (rate <= 700 ? 10 : 200));
  const { rate } = await searchRate(bench, { bound: 50, seed: 1 });
  expect(rate).toBeGreaterThan(700 / 1.05);
});

test('the search for a bound that nothing keeps ends soon, without a rate', async () => {
  const { bench, seconds } = serverOf(1000, () => 100);
  const { rate, tried } = await searchRate(bench, { bound: 50, seed: 1 });
  expect(rate).toBe(0);
  expect(tried.map(({ outcome }) => outcome)).toEqual(tried.map(() => 'missed'));
  expect(seconds.reduce((sum, each) => sum + each)).toBeLessThan(60);
});

test('a request that failed was not on time', async () => {
  const { bench } = serverOf(100, () => 10, { 'HTTP 429': 20 });
  expect((await searchRate(bench, { bound: 50, seed: 1 })).rate).toBe(0);
});

test('a point has as many windows as its claim needs queries, and no fewer than agree', async () => {
  const { bench } = serverOf(100, () => 10);
  const spec = {
    scenario: 'single-stream',
    label: 'one',
    load: { kind: 'closed', concurrency: 1, driver: 'own' },
  } as const;
  const many = { ...bench, mostWindows: 20 };
  expect((await measurePoint(many, spec)).windows).toHaveLength(3);
  expect((await measurePoint(many, { ...spec, leastQueries: 450 })).windows).toHaveLength(5);
  expect((await measurePoint(bench, spec)).windows).toHaveLength(1);
});

test.each([
  ['single-stream', 1000, 50],
  ['multi-stream', 2000, 5],
] as const)('failed queries are the slowest of %s', async (scenario, rate, few) => {
  const options: ScenarioOptions = {
    ...{ concurrencies: [], rates: [], arrivals: 'poisson', bound: 1, offlineConcurrency: 1, seed: 1 },
    driver: 'own',
  };
  const headlineWith = async (failed: number) => {
    const { bench } = serverOf(rate, () => 10, failed === 0 ? {} : { 'HTTP 500': failed });
    const [point] = await runScenario(scenario, bench, options);
    return point?.headline;
  };
  expect((await headlineWith(0))?.value).toBeCloseTo(10, 1);
  expect((await headlineWith(few))?.value).toBeCloseTo(10, 1);
  const many = await headlineWith(rate / 4);
  expect(many?.value).toBeUndefined();
  expect(many?.note).toContain(`${rate / 4} of ${rate * 1.25} queries failed`);
});

test('the ceiling is measured on both sides of every window, and counts beside those that count', async () => {
  const { bench } = serverOf(100, () => (ceilings < 3 ? 100 : 10));
  let ceilings = 0;
  const ceiling = async (): Promise<number> => ++ceilings;
  const load = { kind: 'closed', concurrency: 1, driver: 'own' } as const;
  const spec = { scenario: 'concurrency', label: 'one', load } as const;
  const point = await measurePoint({ ...bench, ceiling, mostWindows: 20 }, spec);
  expect(point).toMatchObject({ ceilings: [3, 4, 5, 6], ceiling: 4.5 });
});

test('failures of windows that do not count are told', async () => {
  let windows = 0;
  const { bench } = serverOf(100, () => (windows === 1 ? 100 : 10));
  const run = async (window: Window): Promise<WindowResult> => {
    const failed =
      ++windows === 1 ? { failures: { 'HTTP 503': 7 }, failureMessages: { 'HTTP 503': 'warming' } } : {};
    return { ...(await bench.generator.run(window)), ...failed };
  };
  const load = { kind: 'closed', concurrency: 1, driver: 'own' } as const;
  const spec = { scenario: 'concurrency', label: 'one', load } as const;
  const point = await measurePoint({ ...bench, generator: { run }, mostWindows: 6 }, spec);
  expect(windows).toBe(4);
  expect(point.windows.map(({ failed }) => failed)).toEqual([0, 0, 0]);
  expect(point).toMatchObject({ failures: { 'HTTP 503': 7 }, failureMessages: { 'HTTP 503': 'warming' } });
});

test('what the slowest of several requests waited longer than their mean is no time outside the server', async () => {
  const { bench } = serverOf(100, () => 8);
  let readings = 0;
  const counters = async () => {
    const count = 800 * readings++;
    return { count, queue: count * 0.003, computeInput: 0, computeInfer: count * 0.001, computeOutput: 0 };
  };
  const stagesOf = async (together: number) => {
    const load = { kind: 'closed', concurrency: 1, driver: 'own', together } as const;
    const spec = { scenario: 'multi-stream', label: 'm', load } as const;
    return (await measurePoint({ ...bench, counters }, spec)).stages;
  };
  expect((await stagesOf(1))?.outside).toBeCloseTo(4, 1);
  const grouped = await stagesOf(8);
  expect(grouped).toMatchObject({ queue: expect.closeTo(3, 6), compute: expect.closeTo(1, 6) });
  expect(grouped?.outside).toBeUndefined();
});

test('a load that leaves requests unanswered gets no further window', async () => {
  const { bench } = serverOf(100, () => 10, { timeout: 1 });
  const load = { kind: 'closed', concurrency: 1, driver: 'own' } as const;
  const spec = { scenario: 'concurrency', label: 'one', load } as const;
  const point = await measurePoint({ ...bench, mostWindows: 20 }, spec);
  expect(point).toMatchObject({ failures: { timeout: 1 }, stable: false });
  expect(point.windows).toHaveLength(1);
});

test('a window whose requests went late is invalid', () => {
  const window = (late: number): WindowResult => ({
    ...{ seconds: 1, answered: 100, rows: 100, failures: {}, byModel: {}, generatorCpu: 0 },
    latency: histogramOf([1]),
    lateness: histogramOf(Array.from({ length: 100 }, (_, index) => (index < late ? 2 : 0))),
  });
  expect(problemsOf(window(1))).toEqual([]);
  expect(problemsOf(window(2))).toEqual([
    expect.stringContaining('2.0 % of the requests went more than 1 ms late'),
  ]);
});

test('a mix without an answer of one of its models is another mix', () => {
  const models = { a: { answered: 3, latency: histogramOf([1, 1, 1]) } };
  expect(missingModels(pointOf([3], 1, { models }), ['a', 'b'])).toEqual([
    expect.stringContaining("no request to 'b' was answered"),
  ]);
  expect(missingModels(pointOf([3], 1, { models }), ['a'])).toEqual([]);
  const load = { kind: 'closed', concurrency: 1, driver: 'own', together: 8 } as const;
  expect(missingModels(pointOf([3], 1, { models, load }), ['a', 'b'])).toEqual([]);
  expect(missingModels(pointOf([0], 1, { latency: histogramOf([]) }), ['a', 'b'])).toEqual([]);
});

const OPEN = { kind: 'open', arrivals: { kind: 'constant', rate: 100 }, seed: 1 } as const;

test('an open load is warm again in every window: nothing is out when it begins', async () => {
  const { bench, warmUps } = serverOf(100, () => 10);
  const many = { ...bench, mostWindows: 20, warmUp: 1000 };
  await measurePoint(many, { scenario: 'rate', label: 'open', load: OPEN });
  expect(warmUps).toEqual([1000, 1000, 1000]);
});

test('every window of an open load has arrivals of its own, the same in every run', async () => {
  const { bench } = serverOf(100, () => 10);
  const seedsOf = async (): Promise<number[]> => {
    const seeds: number[] = [];
    const run = async (window: Window): Promise<WindowResult> => {
      if (window.load.kind === 'open') seeds.push(window.load.seed);
      return bench.generator.run(window);
    };
    const many = { ...bench, generator: { run }, mostWindows: 20 };
    await measurePoint(many, { scenario: 'rate', label: 'open', load: OPEN });
    return seeds;
  };
  const seeds = await seedsOf();
  expect(new Set(seeds).size).toBe(3);
  expect(await seedsOf()).toEqual(seeds);
});

test.each([
  [50, ['the server did not keep up: 50.0 answers/s to 200.0 requests/s']],
  [190, []],
])(
  '%d answers/s in the window to 200 requests/s that are all answered in the end',
  async (answered, notes) => {
    const { bench } = serverOf(200, () => 10);
    const sent = histogramOf(Array.from({ length: 200 }, () => 0));
    const run = async (window: Window): Promise<WindowResult> => ({
      ...(await bench.generator.run(window)),
      ...{ answered, rows: answered, lateness: sent },
    });
    const load = { ...OPEN, arrivals: { kind: 'constant', rate: 200 } } as const;
    const spec = { scenario: 'rate', label: 'open', load } as const;
    const point = await measurePoint({ ...bench, generator: { run } }, spec);
    expect(point.rows).toBe(answered);
    expect(point.latency.count).toBe(200);
    expect(point.notes ?? []).toEqual(notes);
  },
);

test('cores that neither the server nor the load used are those of others', () => {
  const before = { time: 1000, machine: 10, server: 5 };
  const after = { time: 3000, machine: 13, server: 6 };
  expect(coresBetween(before, after, 0.25)).toEqual({ server: 0.5, generator: 0.25, others: 0.75 });
});
