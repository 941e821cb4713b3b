import { expect, test } from 'vitest';
import { type Arrivals, parseArrivals, schedule } from '../../../bench/load/arrivals.ts';

const DURATION = 200_000;

function gapsOf(arrivals: Arrivals): number[] {
  const times = schedule(arrivals, DURATION, 11);
  return Array.from(times, (time, index) => time - (times[index - 1] ?? 0)).slice(1);
}

function spread(values: readonly number[]): { mean: number; cv: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, cv: Math.sqrt(variance) / mean };
}

test.each<[Arrivals, number]>([
  [{ kind: 'constant', rate: 100 }, 0],
  [{ kind: 'poisson', rate: 100 }, 1],
  [{ kind: 'gamma', rate: 100, cv: 0.5 }, 0.5],
  [{ kind: 'gamma', rate: 100, cv: 2 }, 2],
  [{ kind: 'gamma', rate: 100, cv: 4 }, 4],
])('%o has the rate and the variation it is asked for', (arrivals, cv) => {
  const found = spread(gapsOf(arrivals));
  expect(found.mean).toBeGreaterThan(10 * 0.93);
  expect(found.mean).toBeLessThan(10 * 1.07);
  expect(Math.abs(found.cv - cv)).toBeLessThan(0.05 + 0.08 * cv);
});

test.each<Arrivals>([
  { kind: 'poisson', rate: 20 },
  { kind: 'gamma', rate: 20, cv: 0.5 },
  { kind: 'gamma', rate: 20, cv: 8 },
  { kind: 'burst', rate: 20, factor: 10, calm: 5, burst: 1 },
])('short schedules of %o have the rate on average, also in their first second', (arrivals) => {
  const seeds = 4000;
  let [all, early] = [0, 0];
  for (let seed = 0; seed < seeds; seed++) {
    const times = schedule(arrivals, 5000, seed);
    all += times.length;
    early += times.filter((time) => time < 1000).length;
  }
  expect(Math.abs(all / seeds / 100 - 1)).toBeLessThan(0.1);
  expect(Math.abs(early / seeds / 20 - 1)).toBeLessThan(0.15);
});

test('bursts keep the mean rate and spread counts far more than Poisson does', () => {
  const times = schedule({ kind: 'burst', rate: 40, factor: 10, calm: 2, burst: 0.2 }, 1_000_000, 5);
  const counts = new Array<number>(1000).fill(0);
  for (const time of times) counts[Math.floor(time / 1000)] = (counts[Math.floor(time / 1000)] ?? 0) + 1;
  const { mean, cv } = spread(counts);
  expect(mean).toBeGreaterThan(36);
  expect(mean).toBeLessThan(44);
  expect((cv * mean) ** 2 / mean).toBeGreaterThan(5);
});

test('times ascend, stay inside the window, and are the same for the same seed', () => {
  const arrivals = { kind: 'poisson', rate: 500 } as const;
  const times = schedule(arrivals, 1000, 1);
  expect([...times]).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(1000);
  expect(schedule(arrivals, 1000, 1)).toEqual(times);
  expect(schedule(arrivals, 1000, 2)).not.toEqual(times);
});

test('arrivals are read from text, and anything else is refused', () => {
  expect(parseArrivals('gamma:2', 10)).toEqual({ kind: 'gamma', rate: 10, cv: 2 });
  expect(parseArrivals('burst:10:20:2', 10)).toEqual({
    kind: 'burst',
    rate: 10,
    factor: 10,
    calm: 20,
    burst: 2,
  });
  for (const text of ['', 'uniform', 'gamma', 'gamma:0', 'gamma:x', 'burst:1:2', 'poisson:3']) {
    expect(() => parseArrivals(text, 10)).toThrow(/must be constant, poisson/);
  }
});
