import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Entry, paddedLength } from '../../../src/scheduling/entry.ts';
import type { Lane } from '../../../src/scheduling/lane.ts';
import { bestWindow, Candidates, type Window, workOn } from '../../../src/scheduling/window.ts';
import { entryOf, laneOf } from './entries.ts';

const windowOf = (entries: readonly Entry[], lane: Lane, now = 0): Window<Entry> | undefined =>
  bestWindow(new Candidates(entries), lane, ({ deadline }) => deadline, now, 1);

const LENGTHS = [8, 32, 64];
const AMORTISING = laneOf(0, { fixed: 9, perRow: 1 });
const LINEAR = laneOf(0, { fixed: 0, perRow: 5 });
const SEQUENCE = laneOf(0, { fixed: 8, perRow: 0.1 }, LENGTHS);

test('as many run together as there are, up to the max batch size, where that is cheaper', () => {
  const entries = Array.from({ length: 20 }, () => entryOf());
  expect(windowOf(entries.slice(0, 3), AMORTISING)?.entries).toHaveLength(3);
  expect(windowOf(entries, AMORTISING)?.entries).toEqual(entries.slice(0, 16));
});

test('a model for which batching does not pay is not batched', () => {
  const entries = Array.from({ length: 20 }, () => entryOf());
  expect(windowOf(entries, LINEAR)?.entries).toEqual([entries[0]]);
});

test('nobody joins who would make the most urgent member late', () => {
  const urgent = entryOf({ deadline: 14.5 });
  const entries = [urgent, ...Array.from({ length: 10 }, () => entryOf({ deadline: 500 }))];
  expect(windowOf(entries, AMORTISING)?.rows).toBe(5);
});

test('a head that cannot be on time has no window', () => {
  expect(windowOf([entryOf({ deadline: 9 }), entryOf()], AMORTISING)).toBeUndefined();
});

describe('lengths', () => {
  test('are padded to the longest member, in steps of four', () => {
    const found = windowOf([entryOf({ length: 9 }), entryOf({ length: 12 })], SEQUENCE);
    expect([found?.rows, found?.length]).toEqual([2, 12]);
  });

  test('that differ much do not share a batch, because padding would cost more than it saves', () => {
    const long = entryOf({ length: 512 });
    const short = Array.from({ length: 8 }, () => entryOf({ length: 8 }));
    expect(windowOf([long, ...short], SEQUENCE)?.entries).toEqual([long]);
    expect(windowOf([short[0] ?? long, long, ...short.slice(1)], SEQUENCE)?.length).toBe(8);
  });

  test('stay within the token budget, which one entry alone may exceed', () => {
    const lane = laneOf(0, { fixed: 8, perRow: 0.1, maxTokens: 64 }, LENGTHS);
    const entries = Array.from({ length: 9 }, () => entryOf({ length: 16 }));
    expect(windowOf(entries, lane)?.rows).toBe(4);
    expect(windowOf([entryOf({ length: 100 })], lane)?.rows).toBe(1);
  });
});

test('entries that may not use the lane stay out', () => {
  const entries = [entryOf({ allowed: 1 }), entryOf({ allowed: 1 }), entryOf({ allowed: 2 })];
  expect(windowOf(entries, AMORTISING)?.rows).toBe(2);
});

test('no other run of neighbouring lengths around the head does more work in a millisecond', () => {
  const candidate = fc
    .record({ length: fc.constantFrom(1, 8, 20, 33, 64), slack: fc.integer({ min: 0, max: 80 }) })
    .map(({ length, slack }) => entryOf({ length, deadline: 20 + slack }));
  fc.assert(
    fc.property(fc.array(candidate, { minLength: 1, maxLength: 24, size: 'max' }), (unordered) => {
      const inOrder = unordered.toSorted((a, b) => a.deadline - b.deadline);
      const { entries, head } = new Candidates(inOrder);
      expect(entries[head]).toBe(inOrder[0]);
      let most = 0;
      for (let from = 0; from <= head; from++) {
        for (let to = head; to < entries.length; to++) {
          const members = entries.slice(from, to + 1);
          const length = Math.max(...members.map((each) => paddedLength(each.length)));
          const { cost, maxBatchSize } = SEQUENCE;
          const parts = members.reduce((sum, each) => sum + cost.predict(1, paddedLength(each.length)), 0);
          const pays =
            members.length === 1 ||
            (members.length <= maxBatchSize && cost.predict(members.length, length) <= 0.98 * parts);
          const due = Math.min(...members.map(({ deadline }) => deadline));
          if (pays && cost.bound(members.length, length) <= due) {
            const work = members.reduce((sum, each) => sum + workOn(SEQUENCE, each), 0);
            most = Math.max(most, work / cost.predict(members.length, length));
          }
        }
      }
      const found = windowOf(inOrder, SEQUENCE);
      expect(found === undefined ? 0 : found.work / found.expected).toBeCloseTo(most, 9);
    }),
    { numRuns: 200 },
  );
});
