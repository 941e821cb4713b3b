import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/scheduling/entry.ts';
import type { Scheduler } from '../../../src/scheduling/scheduler.ts';
import { entryOf, schedulerOf } from './entries.ts';

function offer(scheduler: Scheduler<Entry>, fields: Partial<Entry>, now = 0): Entry {
  const entry = entryOf({ acceptedAt: now, ...fields });
  expect(scheduler.offer(entry, now).kind).toBe('accept');
  return entry;
}

function start(scheduler: Scheduler<Entry>, now: number) {
  const decision = scheduler.next(now);
  if (decision.kind !== 'dispatch') throw new Error(`it decided to ${decision.kind}`);
  return { decision, running: scheduler.started(decision, now) };
}

describe('beside a lane that is closed', () => {
  const BEST = { accuracy: 0.95, fixed: 95, perRow: 5 };
  const FAST = { accuracy: 0.9, fixed: 9, perRow: 1, freeSlots: 0 };
  const setUp = () => schedulerOf([BEST, FAST], { slots: () => 2 });
  const PINNED = { allowed: 1, route: 'pinned', deadline: 2000 } as const;

  test('entries that only the closed one is quick enough for keep nobody behind them waiting', () => {
    const scheduler = setUp();
    for (let i = 0; i < 12; i++) offer(scheduler, { allowed: 3, deadline: 40 });
    const pinned = offer(scheduler, PINNED);
    expect(scheduler.next(0)).toMatchObject({ kind: 'dispatch', entries: [pinned] });
  });

  test('nor do those that want to be quicker than the open one is', () => {
    const scheduler = setUp();
    for (let i = 0; i < 12; i++) offer(scheduler, { allowed: 3, preference: 'latency' });
    const pinned = offer(scheduler, PINNED);
    expect(scheduler.next(0)).toMatchObject({ kind: 'dispatch', entries: [pinned] });
  });

  test('they wait for the closed one where nothing else does', () => {
    const scheduler = setUp();
    offer(scheduler, { allowed: 3, deadline: 40 });
    expect(scheduler.next(0).kind).toBe('idle');
    expect(scheduler.size).toBe(1);
  });

  test('those that the open one has time for run there', () => {
    const scheduler = setUp();
    const free = offer(scheduler, { allowed: 3, deadline: 400 });
    const pinned = offer(scheduler, PINNED);
    expect(scheduler.next(0)).toMatchObject({ kind: 'dispatch', entries: [free, pinned] });
  });
});

test('an entry is kept waiting for rows that come back after each batch, but once only', () => {
  const scheduler = schedulerOf([{ fixed: 10, perRow: 1 }], { slots: () => 2 });
  const run = (now: number, fields: Partial<Entry>) => {
    offer(scheduler, { deadline: now + 900, ...fields }, now);
    return start(scheduler, now);
  };
  const end = ({ decision, running }: ReturnType<typeof start>, now: number) => {
    scheduler.ended(decision, running, now);
    scheduler.learn(decision, running, now);
  };
  for (let now = 0; now < 1200; now += 12) end(run(now, {}), now + 11);
  const first = run(1300, { rows: 4 });
  const second = run(1300, { rows: 4 });
  end(first, 1315);
  const lone = offer(scheduler, { key: 'lone', deadline: 3400 }, 1315);
  expect(scheduler.next(1315)).toMatchObject({ kind: 'wait', until: 1318 });
  const other = offer(scheduler, { deadline: 3000 }, 1316);
  expect(scheduler.next(1316)).toMatchObject({ kind: 'wait', until: 1318 });
  expect(start(scheduler, 1318).decision.entries).toEqual([other]);
  end(second, 1320);
  expect(scheduler.next(1320)).toMatchObject({ kind: 'dispatch', entries: [lone] });
});
