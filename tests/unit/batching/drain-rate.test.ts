import { describe, expect, test } from 'vitest';
import { DrainRate } from '../../../src/batching/drain-rate.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function draining(entries: number, every: number, turns: number) {
  const clock = new FakeClock();
  const rate = new DrainRate(clock);
  rate.backlog(true);
  for (let turn = 0; turn < turns; turn++) {
    clock.advance(every);
    rate.drained(entries, clock.now());
    rate.backlog(true);
  }
  return { clock, rate };
}

describe('the drain rate', () => {
  test('tells when a queue will have emptied, rounded up to whole seconds', () => {
    const { rate } = draining(5, 100, 50);
    expect(rate.secondsToClear(95)).toBe(2);
    expect(rate.secondsToClear(105)).toBe(3);
  });

  test('is at least a second and at most a minute', () => {
    expect(draining(5, 100, 50).rate.secondsToClear(1)).toBe(1);
    expect(draining(1, 1000, 50).rate.secondsToClear(5000)).toBe(60);
    expect(new DrainRate(new FakeClock()).secondsToClear(5000)).toBe(1);
  });

  test('does not count what goes straight through an empty queue', () => {
    const { clock, rate } = draining(1, 100, 50);
    rate.backlog(false);
    for (let turn = 0; turn < 1000; turn++) rate.drained(1, clock.now());
    rate.backlog(true);
    expect(rate.secondsToClear(45)).toBe(5);
  });

  test('counts the time in which nothing leaves', () => {
    const { clock, rate } = draining(5, 100, 50);
    clock.advance(20_000);
    expect(rate.secondsToClear(100)).toBeGreaterThan(10);
  });

  test('follows a change of speed', () => {
    const { clock, rate } = draining(10, 100, 100);
    for (let turn = 0; turn < 30; turn++) {
      clock.advance(1000);
      rate.drained(10, clock.now());
    }
    expect(rate.secondsToClear(100)).toBeGreaterThanOrEqual(9);
  });
});
