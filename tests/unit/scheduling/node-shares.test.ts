import { expect, test } from 'vitest';
import { NodeShares } from '../../../src/scheduling/node-shares.ts';
import { entryOf, schedulerOf } from './entries.ts';

/** Two versions of a node; batches of the first take `first` core milliseconds, those of the second `second`. */
function two(first: number, second: number) {
  const shares = new NodeShares();
  const [one, other] = [shares.join(), shares.join()];
  one.ran(first);
  other.ran(second);
  return { one, other };
}

test('a version that is alone counts on all slots', () => {
  const { one } = two(10, 10);
  one.holds(4, true, 0);
  expect(one.of(4, 1000)).toBe(4);
});

test('what others hold is missing, on average of late, and is back a moment after they have ended', () => {
  const { one, other } = two(100, 1);
  for (let now = 0; now < 5000; now += 20) {
    other.holds(2, true, now);
    other.holds(0, false, now + 10);
  }
  expect(other.of(4, 5000)).toBe(4);
  expect(one.of(4, 5000)).toBeCloseTo(3.96, 1);
  const { one: short, other: long } = two(1, 100);
  for (let now = 0; now < 5000; now += 20) {
    long.holds(2, true, now);
    long.holds(0, false, now + 10);
  }
  expect(short.of(4, 5000)).toBeCloseTo(3, 1);
  expect(short.of(4, 10_000)).toBeCloseTo(4, 1);
});

test('a version counts on its turns where another one takes all there is', () => {
  const { one, other } = two(10, 10);
  other.holds(4, true, 0);
  expect(one.of(4, 5000)).toBeCloseTo(2, 1);
  const { one: short, other: long } = two(10, 90);
  long.holds(4, true, 0);
  expect(short.of(4, 5000)).toBeCloseTo(0.4, 1);
});

test('less is taken by a version beside a busy one', () => {
  const taken = (busy: boolean): number => {
    const { one, other } = two(20, 20);
    if (busy) other.holds(2, true, 0);
    const scheduler = schedulerOf([{ fixed: 4, perRow: 1 }], { slots: () => 2, share: one });
    const now = 5000;
    for (let count = 0; count < 2000; count++) {
      const entry = entryOf({ acceptedAt: now, deadline: now + 300 });
      if (scheduler.offer(entry, now).kind !== 'accept') return count;
    }
    return 2000;
  };
  expect(taken(true)).toBeLessThan(0.65 * taken(false));
});

test('a version tells what it holds from the first entry to the last batch', () => {
  const shares = new NodeShares();
  const other = shares.join();
  other.ran(20);
  const scheduler = schedulerOf([{ fixed: 4, perRow: 1 }], { slots: () => 2, share: shares.join() });
  scheduler.offer(entryOf({ deadline: 5000 }), 0);
  const decision = scheduler.next(0);
  if (decision.kind !== 'dispatch') throw new Error('it did not start');
  scheduler.ended(decision, scheduler.started(decision, 0), 20);
  scheduler.offer(entryOf({ deadline: 5000 }), 1000);
  const second = scheduler.next(1000);
  if (second.kind !== 'dispatch') throw new Error('it did not start');
  const running = scheduler.started(second, 1000);
  expect(other.of(2, 4000)).toBeCloseTo(1, 1);
  scheduler.ended(second, running, 4000);
  expect(other.of(2, 9000)).toBeCloseTo(2, 1);
});
