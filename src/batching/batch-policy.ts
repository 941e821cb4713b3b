import type { DispatchReason } from '../inference/observer.ts';
import type { Batching } from '../inference/signature.ts';

/** What a policy sees of a queued entry. */
export interface EntryView {
  readonly rows: number;
  /** 1 is served first. */
  readonly priority: number;
  /** Milliseconds on the batcher's clock. */
  readonly acceptedAt: number;
  /** On the same clock; Infinity for none. */
  readonly deadline: number;
}

/** The waiting entries of one batch key; the cancelled and the expired have left it. */
export interface QueueView<E extends EntryView> {
  readonly size: number;
  /** Rows of all entries. */
  readonly rows: number;
  /** A batch that is made already (a run alone, a part of a failed batch): it runs as it is, and nobody joins. */
  readonly sealed: boolean;
  /** Every entry, in no particular order. */
  readonly all: readonly E[];
  /** The first `count` entries by rank. */
  first(count: number): readonly E[];
}

export interface Situation {
  readonly batching: Batching;
  /** Runs that may start right now. */
  readonly freeSlots: number;
  /** On the batcher's clock, milliseconds. */
  readonly now: number;
  /** Closing: nothing will join the queue any more. */
  readonly draining: boolean;
  /** At its bound: nothing can join the queue before something leaves. */
  readonly queueFull: boolean;
}

export type Decision<E extends EntryView> =
  /** Run these entries of the queue, at least one, as a batch. */
  | { readonly kind: 'dispatch'; readonly entries: readonly E[]; readonly reason: DispatchReason }
  /** Offer others first; ask again when an entry has joined this queue, and at `until` (later than now). */
  | { readonly kind: 'wait'; readonly until: number }
  /** Start nothing; ask again at the next event. */
  | { readonly kind: 'idle' };

/**
 * Decides who goes first and what runs together. Pure: the batcher asks, does what it is told, and asks again. Queues
 * are offered one batch key at a time, the one whose first entry has the lowest rank first.
 */
export interface BatchPolicy {
  /** Where an entry stands in line: the lowest leaves first. Fixed from its arrival on. */
  rank(entry: EntryView): number;
  decide<E extends EntryView>(queue: QueueView<E>, situation: Situation): Decision<E>;
}

/**
 * How much earlier an entry would have to arrive to stand before one of the next higher priority, milliseconds. Among
 * requests that arrive within this time priorities are strict; an older one is not passed over any more, so that an
 * entry of priority p waits at most (p - 1) x 1 s longer than first in, first out would make it.
 */
export const AGEING_MS = 1000;

const IDLE = { kind: 'idle' } as const;

/**
 * Runs what is there as soon as a slot is free, up to the max batch size: priorities first, first in first out inside
 * each, with preferred sizes and (off by default) a delay to wait for more, as Triton's dynamic batcher has them. The
 * delay never lets a deadline pass, and ends when the queue is full.
 */
export const PULL_POLICY: BatchPolicy = {
  rank: ({ acceptedAt, priority }) => acceptedAt + (priority - 1) * AGEING_MS,

  decide(queue, situation) {
    const { freeSlots, draining, queueFull, now, batching } = situation;
    if (freeSlots <= 0 || queue.size === 0) return IDLE;
    if (queue.sealed) return { kind: 'dispatch', entries: queue.first(queue.size), reason: 'alone' };
    const chosen = largestPrefix(queue, batching);
    if (chosen !== undefined) return chosen;
    let reason: DispatchReason = draining ? 'draining' : 'slot_free';
    if (batching.maxQueueDelay > 0 && !draining) {
      const until = oldest(queue.all) + batching.maxQueueDelay;
      if (now >= until) reason = 'delay_expired';
      else if (!queueFull && soonestDeadline(queue.all) > until) return { kind: 'wait', until };
    }
    return { kind: 'dispatch', entries: queue.first(queue.size), reason };
  },
};

/**
 * The batch that need not wait for more: the largest preferred size that the first entries make exactly, else as many
 * as fit when the next one does not. Undefined when everything fits and there is room left.
 */
function largestPrefix<E extends EntryView>(
  queue: QueueView<E>,
  { maxBatchSize, preferredBatchSizes }: Batching,
): Decision<E> | undefined {
  if (queue.rows < maxBatchSize && queue.rows < (preferredBatchSizes[0] ?? maxBatchSize)) return undefined;
  const entries = queue.first(maxBatchSize);
  let rows = 0;
  let count = 0;
  let preferred = 0;
  for (const entry of entries) {
    if (rows + entry.rows > maxBatchSize) break;
    rows += entry.rows;
    count++;
    if (preferredBatchSizes.includes(rows)) preferred = count;
  }
  if (preferred > 0 && !(preferred === count && rows === maxBatchSize)) {
    return { kind: 'dispatch', entries: entries.slice(0, preferred), reason: 'preferred' };
  }
  if (rows < maxBatchSize && count === queue.size) return undefined;
  return { kind: 'dispatch', entries: entries.slice(0, count), reason: 'full' };
}

const oldest = (entries: readonly EntryView[]): number =>
  entries.reduce((least, { acceptedAt }) => Math.min(least, acceptedAt), Infinity);

const soonestDeadline = (entries: readonly EntryView[]): number =>
  entries.reduce((least, { deadline }) => Math.min(least, deadline), Infinity);
