import { expect, test } from 'vitest';
import type { Window, WindowResult } from '../../../bench/load/messages.ts';
import type { Bench } from '../../../bench/suite/measure.ts';
import { searchRate } from '../../../bench/suite/server-search.ts';
import { histogramOf } from './result-fixture.ts';

/** A server that answers `most` requests a second in a closed loop, and an open one by what `latencyAt` says. */
function serverOf(most: number, latencyAt: (rate: number) => number) {
  const seconds: number[] = [];
  const run = async ({ load, duration }: Window): Promise<WindowResult> => {
    seconds.push(duration / 1000);
    const rate = load.kind === 'open' ? load.arrivals.rate : most;
    const answered = Math.round((rate * duration) / 1000);
    const latency = histogramOf(Array.from({ length: answered }, () => latencyAt(rate)));
    return {
      seconds: duration / 1000,
      answered,
      rows: answered,
      failures: {},
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
  return { bench, seconds };
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
