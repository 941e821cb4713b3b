import { expect, test } from 'vitest';
import { CostModel } from '../../../src/scheduling/cost-model.ts';
import type { Entry } from '../../../src/scheduling/entry.ts';
import { isWorthWaiting, ReturningRows } from '../../../src/scheduling/returning-rows.ts';
import type { Window } from '../../../src/scheduling/window.ts';
import { entryOf } from './entries.ts';

/** After batches of ten rows, so many of them come back at once. */
function taught(back: number): ReturningRows {
  const returning = new ReturningRows();
  for (let batch = 0; batch < 100; batch++) {
    returning.ended(10, batch * 20);
    returning.arrived(back, batch * 20 + 1);
  }
  returning.ended(10, 2000);
  return returning;
}

test('rows that come back after every batch are expected after the next, less those that have come', () => {
  const returning = taught(10);
  expect(returning.expected(2000)).toEqual({ rows: 10, until: 2003 });
  returning.arrived(7, 2001);
  expect(returning.expected(2001)).toEqual({ rows: 3, until: 2003 });
  returning.arrived(3, 2002);
  expect(returning.expected(2002)).toBeUndefined();
});

test('nothing is expected once the moment has passed, nor where nobody comes back', () => {
  expect(taught(10).expected(2003)).toBeUndefined();
  expect(taught(0).expected(2000)).toBeUndefined();
  expect(new ReturningRows().expected(0)).toBeUndefined();
});

/** A lane whose batches take so many milliseconds and 1 ms more for each row. */
function laneOf(fixed: number) {
  const cost = new CostModel();
  cost.sweep([1, 2, 4, 8].map((rows) => ({ rows, length: 1, latency: fixed + rows })));
  return {
    index: 0,
    variant: 'only',
    accuracy: 1,
    cost,
    maxBatchSize: 16,
    maxTokens: Infinity,
    freeSlots: 1,
  };
}

function windowOf(lane: ReturnType<typeof laneOf>, fields: Partial<Entry> = {}): Window<Entry> {
  const entries = Array.from({ length: 4 }, () => entryOf(fields));
  const expected = lane.cost.predict(4, 1);
  return { entries, rows: 4, length: 1, weight: 4, work: 4, expected, bound: expected };
}

const COMING = { rows: 10, until: 3 };

test('a batch waits for rows that share a large fixed cost, and not for a small one', () => {
  const slow = laneOf(10);
  expect(isWorthWaiting(windowOf(slow), slow, COMING, 0, 1)).toBe(true);
  const quick = laneOf(0.1);
  expect(isWorthWaiting(windowOf(quick), quick, COMING, 0, 1)).toBe(false);
});

test('a batch does not wait where a member would be late, or wants to be quick, or the batch is full', () => {
  const lane = laneOf(10);
  expect(isWorthWaiting(windowOf(lane, { deadline: 20 }), lane, COMING, 0, 1)).toBe(false);
  expect(isWorthWaiting(windowOf(lane, { preference: 'latency' }), lane, COMING, 0, 1)).toBe(false);
  expect(isWorthWaiting(windowOf(lane), { ...lane, maxBatchSize: 4 }, COMING, 0, 1)).toBe(false);
});
