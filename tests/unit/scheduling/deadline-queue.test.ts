import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeadlineQueue } from '../../../src/scheduling/deadline-queue.ts';
import { type Entry, workBefore } from '../../../src/scheduling/entry.ts';
import { FreeTimes } from '../../../src/scheduling/free-times.ts';
import { entryOf } from './entries.ts';

const entry = fc
  .record({
    deadline: fc.integer({ min: 0, max: 300 }),
    demand: fc.integer({ min: 0, max: 9 }),
    tail: fc.integer({ min: 0, max: 60 }),
    batch: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ deadline, demand, tail, batch }) => entryOf({ deadline, demand, latest: deadline - tail, batch }));

const queued = fc.array(entry, { maxLength: 400, size: 'max' });
const times = fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 4 });

const inOrder = (queue: DeadlineQueue<Entry>): Entry[] => {
  const found: Entry[] = [];
  queue.scan((each) => {
    found.push(each);
    return true;
  });
  return found;
};

const startOf = (free: FreeTimes, ahead: number, each: Entry): number =>
  free.level(workBefore(ahead, each.batch));

test('entries leave by deadline, equal ones as they came, whatever has left in between', () => {
  fc.assert(
    fc.property(queued, fc.array(fc.nat(), { maxLength: 300 }), (entries, leavers) => {
      const queue = new DeadlineQueue<Entry>();
      for (const each of entries) queue.insert(each);
      const left = [...entries];
      for (const leaver of leavers) {
        const [gone] = left.splice(leaver % Math.max(left.length, 1), 1);
        if (gone !== undefined) queue.remove(gone);
      }
      const wanted = left.toSorted((a, b) => a.deadline - b.deadline || a.sequence - b.sequence);
      expect(inOrder(queue)).toEqual(wanted);
      expect(queue.size).toBe(left.length);
      expect(queue.demand).toBeCloseTo(
        left.reduce((sum, { demand }) => sum + demand, 0),
        6,
      );
      expect(queue.demandBefore(150)).toBe(
        left.reduce((sum, { demand, deadline }) => sum + (deadline <= 150 ? demand : 0), 0),
      );
    }),
    { numRuns: 60 },
  );
});

test('the ledger finds late as many as looking at every entry finds', () => {
  fc.assert(
    fc.property(queued, times, fc.nat(30), fc.nat(), (entries, freeTimes, extra, chosen) => {
      const queue = new DeadlineQueue<Entry>();
      for (const each of entries) queue.insert(each);
      const taken = entries.filter((_, index) => (index + chosen) % 7 === 0);
      queue.mark(taken, true);
      const free = new FreeTimes(freeTimes);
      let ahead = extra;
      let late = 0;
      for (const each of inOrder(queue)) {
        if (each.taken) continue;
        if (startOf(free, ahead, each) > each.latest) late += 1;
        ahead += each.demand;
      }
      expect(queue.late(free, extra)).toBe(late);
      queue.mark(taken, false);
      expect(entries.every(({ taken: marked }) => !marked)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('a newcomer crowds exactly those behind it that would have been on time', () => {
  fc.assert(
    fc.property(queued, times, fc.nat(40), fc.nat(300), (entries, freeTimes, work, deadline) => {
      const queue = new DeadlineQueue<Entry>();
      for (const each of entries) queue.insert(each);
      const free = new FreeTimes(freeTimes);
      let ahead = 0;
      let crowded = false;
      for (const each of inOrder(queue)) {
        const before = startOf(free, ahead, each) <= each.latest;
        const after = startOf(free, ahead + work, each) <= each.latest;
        if (each.deadline > deadline && before && !after) crowded = true;
        ahead += each.demand;
      }
      expect(queue.crowdedBy(work, deadline, free)).toBe(crowded);
    }),
    { numRuns: 60 },
  );
});

test('slots are filled evenly, those that are free first beginning first', () => {
  const free = new FreeTimes([20, 70]);
  expect([free.first, free.mean]).toEqual([20, 45]);
  expect([0, 10, 25, 35].map((work) => free.level(work))).toEqual([20, 40, 70, 80]);
  expect(free.occupied(100).level(0)).toBe(70);
});
