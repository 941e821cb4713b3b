import { type Entry, paddedLength } from './entry.ts';
import { allows, type Lane, LEAST_GAIN } from './lane.ts';

/**
 * Learned costs of neighbouring sizes are no better known than this: of two batches without padding the larger is
 * taken.
 */
const NOISE = 0.1;

/** Entries that could run together on one lane. */
export interface Window<E extends Entry> {
  readonly entries: readonly E[];
  readonly rows: number;
  /** Padded. */
  readonly length: number;
  readonly weight: number;
  /** What its entries would take in full batches of their own lengths, by weight: milliseconds. */
  readonly work: number;
  /** Milliseconds that it is expected to run, and that it exceeds once in a hundred times. */
  readonly expected: number;
  readonly bound: number;
}

/**
 * Compatible entries in the order in which windows are cut from them: by length, and those due first next to the head.
 */
export class Candidates<E extends Entry> {
  readonly entries: readonly E[];
  /** Place of the entry that every window contains. */
  readonly head: number;

  /** @param inOrder entries by deadline, of one key; the first is the head */
  constructor(inOrder: readonly E[]) {
    const [head] = inOrder;
    const own = paddedLength(head?.length ?? 1);
    const uniform = inOrder.every(({ length }) => paddedLength(length) === own);
    if (uniform) {
      this.entries = inOrder;
      this.head = 0;
      return;
    }
    const places = inOrder.map((entry, place) => ({ entry, place, length: paddedLength(entry.length) }));
    places.sort((a, b) => a.length - b.length || (a.length < own ? b.place - a.place : a.place - b.place));
    this.entries = places.map(({ entry }) => entry);
    this.head = places.findIndex(({ place }) => place === 0);
  }
}

/**
 * The window of contiguous lengths around the head that does the most work in a millisecond (padding is none), among
 * those that every member survives, that are within the lane's bounds, and that cost less than their parts run one by
 * one. Undefined when not even the head alone is on time. A head larger than the lane's bounds runs alone.
 *
 * @param dueOn when an entry must be answered if this lane answers it
 * @param busy slots that will run, this batch's included
 */
export function bestWindow<E extends Entry>(
  { entries, head }: Candidates<E>,
  lane: Lane,
  dueOn: (entry: E) => number,
  now: number,
  busy: number,
): Window<E> | undefined {
  const [only] = entries;
  if (only !== undefined && entries.length === 1) {
    const window = windowOf(entries, lane, busy);
    return allows(only.allowed, lane) && now + window.bound <= dueOn(only) ? window : undefined;
  }
  const { cost, maxBatchSize, maxTokens } = lane;
  const { inflation } = cost;
  const parts = entries.map((entry) =>
    allows(entry.allowed, lane) ? cost.predict(entry.rows, paddedLength(entry.length), busy) : 0,
  );
  const dues = entries.map(dueOn);
  const works = entries.map((entry) => workOn(lane, entry));
  let best: { from: number; to: number; score: number; even: number | undefined } | undefined;
  const below = { rows: 0, work: 0, parts: 0, due: Infinity };
  for (let from = head; from >= 0; from--) {
    const first = entries[from] as E;
    if (!allows(first.allowed, lane)) break;
    let { rows, work, parts: apart, due } = below;
    let found = false;
    for (let to = head; to < entries.length; to++) {
      const last = entries[to] as E;
      const added = to === head ? first : last;
      const place = to === head ? from : to;
      if (!allows(added.allowed, lane)) break;
      rows += added.rows;
      work += works[place] as number;
      apart += parts[place] as number;
      due = Math.min(due, dues[place] as number);
      if (to === head) Object.assign(below, { rows, work, parts: apart, due });
      const length = paddedLength(last.length);
      const several = to > from;
      if (several && (rows > maxBatchSize || rows * length > maxTokens)) break;
      const expected = cost.predict(rows, length, busy);
      if (now + expected * inflation > due) break;
      found = true;
      if (several && expected > apart * (1 - LEAST_GAIN)) continue;
      const score = expected > 0 ? work / expected : rows;
      const even = paddedLength(first.length) === length ? length : undefined;
      const surely = even !== undefined && even === best?.even ? 1 - NOISE : 1;
      if (best === undefined || score >= best.score * surely) best = { from, to, score, even };
    }
    if (!found) break;
  }
  if (best === undefined) return undefined;
  return windowOf(entries.slice(best.from, best.to + 1), lane, busy);
}

/** These entries, whatever it takes. */
export function windowOf<E extends Entry>(entries: readonly E[], lane: Lane, busy: number): Window<E> {
  let rows = 0;
  let weight = 0;
  let work = 0;
  let length = 0;
  for (const entry of entries) {
    rows += entry.rows;
    weight += entry.weight;
    work += workOn(lane, entry);
    length = Math.max(length, entry.length);
  }
  const padded = paddedLength(length);
  const expected = lane.cost.predict(rows, padded, busy);
  return { entries, rows, length: padded, weight, work, expected, bound: expected * lane.cost.inflation };
}

/** What an entry counts for: the time it takes in a full batch of its own length, as often as its weight has it. */
export function workOn({ cost, maxBatchSize }: Lane, { weight, length }: Entry): number {
  const rows = Math.max(maxBatchSize, 1);
  return (weight * cost.predict(rows, paddedLength(length))) / rows;
}
