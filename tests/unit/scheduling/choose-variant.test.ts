import { describe, expect, test } from 'vitest';
import { CostModel } from '../../../src/scheduling/cost-model.ts';
import type { Entry } from '../../../src/scheduling/entry.ts';
import { atLeast } from '../../../src/scheduling/lane.ts';
import { entryOf, laneOf, schedulerOf, THREE } from './entries.ts';

/** Queues entries at time 0 on an idle node and tells what is run first. */
function firstOf(entries: readonly Entry[], slots = 1) {
  const scheduler = schedulerOf(THREE, { slots: () => slots });
  for (const entry of entries) expect(scheduler.offer(entry, 0).kind).toBe('accept');
  const decision = scheduler.next(0);
  if (decision.kind !== 'dispatch') throw new Error(`it decided to ${decision.kind}`);
  const reasons = decision.entries.map((entry) => scheduler.reason(entry, decision.lane));
  return { ...decision, variant: decision.lane.variant, reasons };
}

const many = (count: number, fields: Partial<Entry> = {}) =>
  Array.from({ length: count }, () => entryOf(fields));

test('one request with time is answered by the best variant', () => {
  expect(firstOf([entryOf()])).toMatchObject({ variant: 'v0', rows: 1, reasons: ['best'] });
});

test('one on an idle server is answered by the best variant although none was measured yet', () => {
  const lanes = THREE.map((shape, index) => ({ ...laneOf(index, shape), cost: new CostModel() }));
  const scheduler = schedulerOf([], { lanes });
  expect(scheduler.offer(entryOf(), 0).kind).toBe('accept');
  expect(scheduler.next(0)).toMatchObject({ kind: 'dispatch', lane: { variant: 'v0' } });
});

test('a deadline too near for the best variant is met with a lesser one', () => {
  expect(firstOf([entryOf({ deadline: 10 })])).toMatchObject({ variant: 'v1', reasons: ['slack'] });
  expect(firstOf([entryOf({ deadline: 6 })])).toMatchObject({ variant: 'v2', reasons: ['slack'] });
});

test('the variant falls when those that wait would become late, and no further than they need', () => {
  expect(firstOf(many(40, { deadline: 400 })).variant).toBe('v0');
  expect(firstOf(many(40, { deadline: 100 })).variant).toBe('v1');
  expect(firstOf(many(48, { deadline: 78 })).variant).toBe('v2');
});

test('a request in the way of nobody keeps the best variant although others need a lesser one', () => {
  const pinned = entryOf({ deadline: 30, allowed: 1, route: 'pinned' });
  expect(firstOf([pinned, entryOf({ deadline: 900 })])).toMatchObject({
    variant: 'v0',
    reasons: ['pinned', 'best'],
  });
});

describe('the accuracy floor', () => {
  const lanes = THREE.map((shape, index) => laneOf(index, shape));

  test('is a mask of the lanes that reach it', () => {
    expect([0, 0.9, 0.95, 0.99].map((floor) => atLeast(lanes, floor))).toEqual([7, 3, 1, 0]);
  });

  test('is kept, and named as the reason, when load would have gone lower', () => {
    const floored = many(16, { deadline: 60, allowed: atLeast(lanes, 0.9) });
    const { variant, reasons } = firstOf(floored);
    expect(variant).toBe('v1');
    expect(new Set(reasons)).toEqual(new Set(['floor']));
  });
});

describe('a preference', () => {
  test('for latency takes the fastest variant, one for accuracy spends all the time there is', () => {
    const variants = (['accuracy', 'balanced', 'latency'] as const).map(
      (preference) => firstOf([entryOf({ deadline: 15, preference })]).variant,
    );
    expect(variants).toEqual(['v0', 'v1', 'v2']);
  });

  test('for balance takes the best variant when it takes little of the time', () => {
    expect(firstOf([entryOf({ deadline: 200, preference: 'balanced' })]).variant).toBe('v0');
  });
});

test('a near-dead head does not force a tiny batch', () => {
  const scheduler = schedulerOf([{ fixed: 9, perRow: 1 }]);
  for (const entry of [entryOf({ deadline: 41 }), ...many(15, { deadline: 90 })]) {
    expect(scheduler.offer(entry, 0).kind).toBe('accept');
  }
  const decision = scheduler.next(29);
  expect(decision).toMatchObject({ kind: 'dispatch', rows: 15 });
  expect(scheduler.next(32)).toMatchObject({ kind: 'drop' });
});

test('what is dead is dropped unexecuted, also while every slot is busy', () => {
  const scheduler = schedulerOf(THREE);
  const [running, waiting] = [entryOf(), entryOf({ deadline: 60 })];
  scheduler.offer(running, 0);
  const first = scheduler.next(0);
  if (first.kind !== 'dispatch') throw new Error('it did not start');
  scheduler.started(first, 0);
  scheduler.offer(waiting, 0);
  expect(scheduler.next(1).kind).toBe('idle');
  expect(scheduler.next(61)).toEqual({ kind: 'drop', entries: [waiting] });
  expect(scheduler.next(61).kind).toBe('idle');
});
