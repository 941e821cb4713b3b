import { expect, test } from 'vitest';
import { DemandForecast } from '../../../src/scheduling/demand-forecast.ts';
import { Foresight } from '../../../src/scheduling/foresight.ts';
import { entryOf, schedulerOf } from './entries.ts';
import { serve } from './serve.ts';

/** Asks for `rate` node milliseconds a millisecond, in pieces of a millisecond. */
function ask(forecast: DemandForecast, rate: number, from: number, to: number): void {
  for (let now = from; now < to; now++) forecast.add(rate, now);
}

test('what is asked steadily is what is expected', () => {
  const forecast = new DemandForecast();
  ask(forecast, 0.4, 0, 20_000);
  expect(forecast.rate(20_000)).toBeCloseTo(0.4, 1);
  expect(forecast.dispersion(0.4)).toBeLessThan(0.1);
});

test.each([3, 10, 100])('an overload of %i times is over two seconds after it has ended', (times) => {
  const forecast = new DemandForecast();
  ask(forecast, times, 0, 10_000);
  const pressure = (now: number) =>
    new Foresight(forecast, [{ backlog: 100, share: 1 }], 1, now).pressure(20);
  expect(pressure(10_000)).toBe(1);
  ask(forecast, 0.2, 10_000, 12_000);
  expect(forecast.rate(12_000)).toBeLessThan(0.3);
  expect(pressure(12_000)).toBeLessThan(0.01);
});

test('once an overload has ended a lone request is answered by the best variant, however little better it is', () => {
  const scheduler = schedulerOf([
    { accuracy: 0.941, fixed: 9, perRow: 4 },
    { accuracy: 0.937, fixed: 6, perRow: 2 },
    { accuracy: 0.933, fixed: 4, perRow: 1 },
  ]);
  const overload = 10_000;
  const answered: string[] = [];
  serve(scheduler, {
    until: overload + 9000,
    arrivals: (now) => {
      const count = now < overload ? 2 : Number(now % 2000 === 1500);
      return Array.from({ length: count }, () => entryOf({ acceptedAt: now, deadline: now + 150 }));
    },
    started: ({ variant }, now) => {
      if (now > overload + 1000) answered.push(variant);
    },
  });
  expect(answered).toEqual(['v0', 'v0', 'v0', 'v0']);
});
