import { describe, expect, test } from 'vitest';
import { Entry, PendingRequest } from '../../../src/batching/pending-request.ts';
import { RequestQueue } from '../../../src/batching/request-queue.ts';

let sequence = 0;

function entry(rank: number, { rows = 1, deadline = Infinity } = {}): Entry {
  const request = new PendingRequest(
    { outputs: undefined, signal: undefined, priority: 1, acceptedAt: rank, deadline },
    () => {},
  );
  return new Entry(request, { piece: 0, inputs: new Map(), rows, rank, sequence: sequence++ });
}

function ranksInOrder(queue: RequestQueue): number[] {
  const ranks: number[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) {
    ranks.push(next.head.rank);
    queue.take(next, [next.head]);
  }
  return ranks;
}

describe('the request queue', () => {
  test('offers the key whose first entry is oldest', () => {
    const queue = new RequestQueue();
    for (const [rank, key] of [
      [5, 'a'],
      [3, 'b'],
      [4, 'a'],
      [1, 'c'],
      [2, 'b'],
    ] as const) {
      queue.push(entry(rank), key);
    }
    expect(queue.size).toBe(5);
    expect(ranksInOrder(queue)).toEqual([1, 2, 3, 4, 5]);
    expect(queue.size).toBe(0);
  });

  test('keeps equal ranks in the order of arrival', () => {
    const queue = new RequestQueue();
    const entries = Array.from({ length: 9 }, () => entry(1));
    for (const each of entries.toReversed()) queue.push(each, 'a');
    expect(queue.next()?.first(9)).toEqual(entries);
    expect(queue.next()?.first(4)).toEqual(entries.slice(0, 4));
  });

  test('counts the rows of each key', () => {
    const queue = new RequestQueue();
    const three = entry(2, { rows: 3 });
    queue.push(entry(1, { rows: 2 }), 'a');
    queue.push(three, 'a');
    const a = queue.next();
    expect([a?.rows, a?.size, a?.sealed]).toEqual([5, 2, false]);
    if (three.queue !== undefined) queue.take(three.queue, [three]);
    expect([a?.rows, a?.size, three.queue]).toEqual([2, 1, undefined]);
  });

  test('moves a key back when its first entry leaves', () => {
    const queue = new RequestQueue();
    const first = entry(1);
    queue.push(first, 'a');
    queue.push(entry(9), 'a');
    queue.push(entry(5), 'b');
    if (first.queue !== undefined) queue.take(first.queue, [first]);
    expect(ranksInOrder(queue)).toEqual([5, 9]);
  });

  test('does not mix a sealed batch with its key, and offers it by rank', () => {
    const queue = new RequestQueue();
    queue.push(entry(2), 'a');
    queue.pushSealed([entry(1), entry(7)]);
    expect([queue.next()?.sealed, queue.next()?.size]).toEqual([true, 2]);
    expect(queue.size).toBe(3);
  });

  test('offers a parked key again when its time comes, or when an entry joins it', () => {
    const queue = new RequestQueue();
    queue.push(entry(1), 'a');
    queue.push(entry(2), 'b');
    for (const until of [30, 20]) {
      const next = queue.next();
      if (next !== undefined) queue.park(next, until);
    }
    expect([queue.next(), queue.nextWake]).toEqual([undefined, 20]);
    queue.wake(19);
    expect(queue.next()).toBeUndefined();
    queue.push(entry(3), 'a');
    expect(queue.next()?.head.rank).toBe(1);
    queue.wake(20);
    expect([ranksInOrder(queue), queue.nextWake]).toEqual([[1, 2, 3], Infinity]);
  });

  test('forgets a parked key whose last entry leaves', () => {
    const queue = new RequestQueue();
    const only = entry(1);
    queue.push(only, 'a');
    const next = queue.next();
    if (next === undefined) throw new Error('nothing is offered');
    queue.park(next, 10);
    queue.take(next, [only]);
    expect([queue.size, queue.nextWake]).toEqual([0, Infinity]);
    queue.push(entry(2), 'a');
    expect(queue.next()?.size).toBe(1);
  });

  test('finds the soonest deadline, also of sealed and parked entries', () => {
    const queue = new RequestQueue();
    queue.push(entry(1, { deadline: 50 }), 'a');
    queue.pushSealed([entry(2, { deadline: 40 })]);
    queue.push(entry(3), 'b');
    const next = queue.next();
    if (next !== undefined) queue.park(next, 90);
    expect([queue.nextDeadline, queue.expired(39)]).toEqual([40, undefined]);
    const expired: number[] = [];
    for (let each = queue.expired(60); each?.queue !== undefined; each = queue.expired(60)) {
      expired.push(each.rank);
      queue.take(each.queue, [each]);
    }
    expect([expired, queue.nextDeadline, queue.size]).toEqual([[2, 1], Infinity, 1]);
  });
});
