import { describe, expect, test } from 'vitest';
import {
  AGEING_MS,
  type EntryView,
  PULL_POLICY,
  type QueueView,
  type Situation,
} from '../../../src/batching/batch-policy.ts';
import type { Batching } from '../../../src/inference/signature.ts';
import { BATCHING } from './batcher-fixture.ts';

const entry = (fields: Partial<EntryView> = {}): EntryView => ({
  rows: 1,
  priority: 1,
  acceptedAt: 0,
  deadline: Infinity,
  ...fields,
});

const queueOf = (entries: readonly EntryView[], sealed = false): QueueView<EntryView> => ({
  size: entries.length,
  rows: entries.reduce((sum, { rows }) => sum + rows, 0),
  sealed,
  all: entries.toReversed(),
  first: (count) => entries.slice(0, count),
});

const ofRows = (...rows: number[]): QueueView<EntryView> =>
  queueOf(rows.map((each) => entry({ rows: each })));

const decide = (
  queue: QueueView<EntryView>,
  batching: Partial<Batching> = {},
  situation: Partial<Situation> = {},
): [string, ...unknown[]] => {
  const decision = PULL_POLICY.decide(queue, {
    batching: { ...BATCHING, ...batching },
    freeSlots: 1,
    now: 0,
    draining: false,
    queueFull: false,
    ...situation,
  });
  if (decision.kind === 'dispatch') {
    expect(decision.entries).toEqual(queue.first(decision.entries.length));
    return ['dispatch', decision.entries.length, decision.reason];
  }
  return decision.kind === 'wait' ? ['wait', decision.until] : ['idle'];
};

describe('the pull policy', () => {
  test('starts nothing without a free slot or without entries', () => {
    expect(decide(ofRows(4), {}, { freeSlots: 0 })).toEqual(['idle']);
    expect(decide(ofRows())).toEqual(['idle']);
  });

  test('takes what is there when a slot is free and nothing is to be waited for', () => {
    expect(decide(ofRows(1, 2))).toEqual(['dispatch', 2, 'slot_free']);
  });

  test('never takes more rows than the max batch size, and leaves the first entry that does not fit', () => {
    expect(decide(ofRows(1, 1, 1, 1, 1))).toEqual(['dispatch', 4, 'full']);
    expect(decide(ofRows(2, 2))).toEqual(['dispatch', 2, 'full']);
    expect(decide(ofRows(1, 4, 1))).toEqual(['dispatch', 1, 'full']);
    expect(decide(ofRows(3, 2, 1))).toEqual(['dispatch', 1, 'full']);
  });

  test('stops at the largest preferred size the queue can make exactly', () => {
    const preferred = { maxBatchSize: 16, preferredBatchSizes: [4, 8] };
    expect(decide(ofRows(1, 1, 1, 1, 1), preferred)).toEqual(['dispatch', 4, 'preferred']);
    expect(decide(ofRows(...Array(40).fill(1)), preferred)).toEqual(['dispatch', 8, 'preferred']);
    expect(decide(ofRows(3, 3, 2), preferred)).toEqual(['dispatch', 3, 'preferred']);
  });

  test('does as without preferred sizes where the queue makes none of them', () => {
    const preferred = { maxBatchSize: 16, preferredBatchSizes: [4, 8] };
    expect(decide(ofRows(1, 1), preferred)).toEqual(['dispatch', 2, 'slot_free']);
    expect(decide(ofRows(5, 5), preferred)).toEqual(['dispatch', 2, 'slot_free']);
    expect(decide(ofRows(5, 5, 5, 5), preferred)).toEqual(['dispatch', 3, 'full']);
  });

  test('calls a preferred size that is the max batch size full', () => {
    const preferred = { preferredBatchSizes: [2, 4] };
    expect(decide(ofRows(1, 1, 1, 1, 1), preferred)).toEqual(['dispatch', 4, 'full']);
  });

  test('waits for a fuller batch no longer than the delay after the oldest entry', () => {
    const queue = queueOf([entry({ acceptedAt: 7 }), entry({ acceptedAt: 3 })]);
    const delay = { maxQueueDelay: 10 };
    expect(decide(queue, delay, { now: 8 })).toEqual(['wait', 13]);
    expect(decide(queue, delay, { now: 13 })).toEqual(['dispatch', 2, 'delay_expired']);
  });

  test('does not wait with a full or preferred batch, when draining, or when the queue is full', () => {
    const delay = { maxQueueDelay: 10 };
    expect(decide(ofRows(4), delay)).toEqual(['dispatch', 1, 'full']);
    expect(decide(ofRows(1, 1), { ...delay, preferredBatchSizes: [2] })).toEqual([
      'dispatch',
      2,
      'preferred',
    ]);
    expect(decide(ofRows(1), delay, { draining: true })).toEqual(['dispatch', 1, 'draining']);
    expect(decide(ofRows(1), delay, { queueFull: true })).toEqual(['dispatch', 1, 'slot_free']);
  });

  test('does not wait past a deadline', () => {
    const delay = { maxQueueDelay: 10 };
    expect(decide(queueOf([entry(), entry({ deadline: 10 })]), delay)).toEqual(['dispatch', 2, 'slot_free']);
    expect(decide(queueOf([entry(), entry({ deadline: 11 })]), delay)).toEqual(['wait', 10]);
  });

  test('runs a sealed batch as it is', () => {
    const sealed = queueOf([entry({ rows: 3 }), entry({ rows: 1 })], true);
    expect(decide(sealed, { maxQueueDelay: 10, preferredBatchSizes: [3] })).toEqual(['dispatch', 2, 'alone']);
  });

  test('ranks by priority among those who arrive together, and by arrival after the ageing time', () => {
    const rank = (priority: number, acceptedAt: number) => PULL_POLICY.rank(entry({ priority, acceptedAt }));
    expect(rank(1, 5)).toBeLessThan(rank(1, 6));
    expect(rank(1, AGEING_MS - 1)).toBeLessThan(rank(2, 0));
    expect(rank(2, 0)).toBeLessThan(rank(1, AGEING_MS + 1));
    expect(rank(2, 0)).toBeLessThan(rank(3, 0));
  });
});
