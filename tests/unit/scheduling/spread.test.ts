import { describe, expect, test } from 'vitest';
import type { Choice } from '../../../src/scheduling/choose-variant.ts';
import type { Entry } from '../../../src/scheduling/entry.ts';
import type { Price } from '../../../src/scheduling/price-list.ts';
import { Slots } from '../../../src/scheduling/slots.ts';
import { spread } from '../../../src/scheduling/spread.ts';
import { windowOf } from '../../../src/scheduling/window.ts';
import { entryOf, laneOf, schedulerOf } from './entries.ts';

const many = (count: number, fields: Partial<Entry> = {}) =>
  Array.from({ length: count }, () => entryOf({ demand: 2, ...fields }));

interface Case {
  readonly entries: readonly Entry[];
  readonly head?: number;
  /** When the other slot is free; this one is now. */
  readonly other: number;
  readonly handOver?: number;
  /** Milliseconds of a batch, and of each of its rows. */
  readonly fixed?: number;
  readonly perRow?: number;
  readonly cheapest?: boolean;
  /** Of the node, this one included. */
  readonly freeSlots?: number;
  /** Rows of the batch that is handed over ahead. */
  readonly efficient?: number;
  /** Instances that run nothing, this one included. */
  readonly idle?: number;
}

/** What is left of a batch of these entries at time 0. */
function spreadOf({ entries, head = 0, other, handOver = 0, fixed = 4, perRow = 1, ...rest }: Case) {
  const { cheapest = true, idle = 1, efficient = 4, freeSlots = 1 } = rest;
  const lane = { ...laneOf(0, { fixed, perRow }, [1, 8]), idle };
  const window = windowOf(entries, lane, 1);
  const choice: Choice<Entry> = {
    lane,
    window,
    taken: window.expected / 2,
    priced: entries.length * 2,
    pressure: 0,
    cheapest,
  };
  const prices = { of: () => ({ efficient }) as Price };
  const view = { nextFor: () => other, prices, freeSlots, busy: 0, handOver };
  return spread(choice, entries[head] as Entry, view, 0);
}

const rowsOf = (given: Case): number => spreadOf(given).window.rows;

describe('a batch of all that waits', () => {
  test('leaves half to another slot that is free', () => {
    const { window, taken, priced } = spreadOf({ entries: many(8), other: 0 });
    expect(window.rows).toBe(4);
    expect(window.expected).toBeCloseTo(8, 0);
    expect(taken).toBeCloseTo(4, 0);
    expect(priced).toBe(8);
  });

  test('leaves less to one that is free later, so that both end together', () => {
    expect(rowsOf({ entries: many(12), other: 4 })).toBe(8);
    expect(rowsOf({ entries: many(12), other: 7.9 })).toBe(9);
  });

  test('leaves nothing where the other slot would end no sooner', () => {
    expect(rowsOf({ entries: many(8), other: 11 })).toBe(8);
    expect(rowsOf({ entries: many(8), other: 100 })).toBe(8);
    expect(rowsOf({ entries: many(1), other: 0 })).toBe(1);
  });

  test('leaves nothing where one more batch takes longer to hand over than it saves', () => {
    expect(rowsOf({ entries: many(8), other: 0, handOver: 3 })).toBe(4);
    expect(rowsOf({ entries: many(8), other: 0, handOver: 5 })).toBe(8);
  });

  test('leaves half to follow it where that costs less than the break it saves, on the cheapest lane', () => {
    expect(rowsOf({ entries: many(8), other: 100, fixed: 1, handOver: 2 })).toBe(4);
    expect(rowsOf({ entries: many(8), other: 100, fixed: 4, handOver: 2 })).toBe(8);
    expect(rowsOf({ entries: many(8), other: 100, fixed: 1, handOver: 2, cheapest: false })).toBe(8);
  });

  test('leaves nothing to follow it that could not be handed over while it runs', () => {
    const following = { entries: many(8), other: 100, fixed: 1, handOver: 2 };
    expect(rowsOf({ ...following, idle: 2 })).toBe(8);
    expect(rowsOf({ ...following, efficient: 5 })).toBe(8);
    expect(rowsOf({ ...following, freeSlots: 2 })).toBe(8);
  });

  test('leaves nothing that would be late for it', () => {
    const following = { other: 100, fixed: 1, handOver: 2 };
    const urgent = [...many(7), entryOf({ deadline: 9.5 })];
    expect(rowsOf({ entries: urgent, ...following })).toBe(8);
    expect(rowsOf({ entries: [...many(7), entryOf({ deadline: 20 })], ...following })).toBe(4);
  });

  test('keeps the head, at whichever end of the lengths it is', () => {
    const entries = [1, 1, 1, 1, 8, 8, 8, 8].map((length) => entryOf({ length }));
    expect(spreadOf({ entries, other: 0, head: 0 }).window).toMatchObject({ rows: 4, length: 1 });
    expect(spreadOf({ entries, other: 0, head: 7 }).window.entries).toContain(entries[7]);
    expect(spreadOf({ entries, other: 0, head: 7 }).window.rows).toBeLessThan(8);
  });

  test('of one request stays whole', () => {
    expect(rowsOf({ entries: [entryOf({ rows: 8 })], other: 0 })).toBe(8);
  });
});

describe('what arrives at once at an idle node of two slots', () => {
  /** Rows of what is started, until nothing more is, on a lane with so many instances. */
  function started(instances: number): number[] {
    const rows: number[] = [];
    const lane = {
      ...laneOf(0, { fixed: 4, perRow: 1 }),
      get freeSlots() {
        return instances - rows.length;
      },
    };
    const scheduler = schedulerOf([], { lanes: [lane], slots: () => 2 });
    for (const entry of many(12)) scheduler.offer(entry, 0);
    for (let decision = scheduler.next(0); decision.kind === 'dispatch'; decision = scheduler.next(0)) {
      scheduler.started(decision, 0);
      rows.push(decision.rows);
    }
    return rows;
  }

  test('is run on both', () => expect(started(2)).toEqual([6, 6]));

  test('is run whole where there is but one instance', () => expect(started(1)).toEqual([12]));
});

describe('one more batch of a lane can start', () => {
  const [own, other] = [laneOf(0, { freeSlots: 1 }), laneOf(1)];
  const runs = { expected: 8, bound: 10 };

  test('now where it has another idle instance and there is another slot', () => {
    expect(new Slots(() => 2).nextFor({ ...own, idle: 2 }, 5)).toBe(5);
    expect(new Slots(() => 2).nextFor({ ...own, idle: 1 }, 5)).toBe(Infinity);
    expect(new Slots(() => 1).nextFor({ ...own, idle: 2 }, 5)).toBe(Infinity);
  });

  test('when a run of another lane ends, where it has an instance for it', () => {
    const slots = new Slots(() => 2);
    slots.start(0, other, runs);
    expect(slots.nextFor({ ...own, idle: 2 }, 5)).toBe(10);
    expect(slots.nextFor({ ...own, idle: 1 }, 5)).toBe(Infinity);
  });

  test('when one of its own runs ends', () => {
    const slots = new Slots(() => 3);
    slots.start(0, own, runs);
    slots.start(0, other, { expected: 1, bound: 2 });
    expect(slots.nextFor(own, 5)).toBe(10);
  });
});
