import { expect, test } from 'vitest';
import { WakeUp } from '../../../src/batching/wake-up.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function setUp() {
  const clock = new FakeClock();
  const start = clock.now();
  const fired: number[] = [];
  const wakeUp = new WakeUp(clock, () => fired.push(clock.now() - start));
  const at = (wake: number, deadline = Infinity) => wakeUp.at(start + wake, start + deadline);
  return { clock, fired, wakeUp, at };
}

test('no timer is set for never', () => {
  const { at, clock } = setUp();
  at(Infinity);
  expect(clock.timers).toBe(0);
});

test('a wake-up is on time, and a deadline within a tick', () => {
  const { at, clock, fired } = setUp();
  at(7.5, 101);
  clock.advance(50);
  at(Infinity, 101);
  clock.advance(100);
  expect(fired).toEqual([7.5, 105]);
});

test('only a sooner time moves the timer', () => {
  const { at, clock, fired } = setUp();
  at(50);
  at(80);
  at(20);
  expect(clock.timers).toBe(1);
  clock.advance(100);
  expect(fired).toEqual([20]);
});

test('a far time is looked at again before a timer of Node would overflow', () => {
  const { at, clock, fired } = setUp();
  at(2 ** 40);
  clock.advance(60_000);
  expect(fired).toEqual([60_000]);
});

test('a stopped timer does not fire', () => {
  const { at, clock, fired, wakeUp } = setUp();
  at(10);
  wakeUp.stop();
  clock.advance(100);
  expect([clock.timers, fired]).toEqual([0, []]);
});
