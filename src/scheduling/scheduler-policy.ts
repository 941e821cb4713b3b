import { type Choice, type ChoiceView, chooseVariant, dueOn } from './choose-variant.ts';
import { type Entry, paddedLength } from './entry.ts';
import { allows, type Lane } from './lane.ts';
import { type Expected, isWorthWaiting } from './returning-rows.ts';
import type { Ending } from './slots.ts';
import { spread } from './spread.ts';

/** Entries looked at to find those that may join a head, and those that may. */
const MOST_SCANNED = 256;
const MOST_CANDIDATES = 64;

export type Decision<E extends Entry> =
  /** Run these together on that lane now. */
  | {
      readonly kind: 'dispatch';
      readonly lane: Lane;
      readonly entries: readonly E[];
      readonly rows: number;
      /** Padded. */
      readonly length: number;
      /** Milliseconds that the batch is expected to take, and that it exceeds once in a hundred times. */
      readonly expected: number;
      readonly bound: number;
      /** What it costs the node, for the scheduler's books. */
      readonly choice: Pick<Choice<E>, 'taken' | 'priced' | 'pressure' | 'cheapest'>;
    }
  /** These cannot be on time any more: answer them so, unexecuted. */
  | { readonly kind: 'drop'; readonly entries: readonly E[] }
  /** The slot that is free is better used when more has come for `kept`: ask again then, at the latest at `until`. */
  | { readonly kind: 'wait'; readonly until: number; readonly kept: readonly E[] }
  /** Nothing can start; ask again when an entry has come or a slot is free. */
  | { readonly kind: 'idle' };

export interface PolicyView<E extends Entry> extends ChoiceView<E> {
  /** The most accurate first. */
  readonly lanes: readonly Lane[];
  /** Batches that the node may start now, over all lanes. */
  readonly freeSlots: number;
  /** What is expected to arrive in a moment. */
  readonly coming: Expected | undefined;
  /** When a lane can start one more batch beside the one that it starts now. */
  readonly nextFor: (lane: Lane) => number;
  /** The slot that is free next, where none is, and how long it takes to hand a batch over; milliseconds. */
  readonly ending: Ending | undefined;
  readonly handOver: number;
}

const IDLE = { kind: 'idle' } as const;
const ANY = (): boolean => true;

/**
 * What to do next with a queue, some lanes and a moment: pure, so that a simulator and a server that ask with the same
 * view do the same. Asked again until it is idle.
 */
export function decide<E extends Entry>(view: PolicyView<E>, now: number): Decision<E> {
  if (view.queue.size === 0) return IDLE;
  const dead = deadHeads(view, now);
  if (dead.length > 0) return { kind: 'drop', entries: dead };
  if (view.freeSlots <= 0) return followUp(view, now);
  const open = view.lanes.filter(({ freeSlots }) => freeSlots > 0);
  const mask = open.reduce((bits, { index }) => bits | (1 << index), 0);
  if (mask === 0) return IDLE;
  const timely = compatible(view, mask, hasTimeOn(open, view, now));
  const inOrder = timely.length > 0 ? timely : compatible(view, mask);
  const choice = chooseVariant(inOrder, open, view, now);
  const [head] = inOrder;
  if (head === undefined) return IDLE;
  if (choice === undefined) return (head.allowed & ~mask) !== 0 ? IDLE : { kind: 'drop', entries: [head] };
  const leavesNothing = choice.window.entries.length === inOrder.length;
  return waits(choice, view, now) ?? dispatch(leavesNothing ? spread(choice, head, view, now) : choice);
}

/**
 * The batch that a busy slot is handed so that it has no break between two: not before that is necessary, and only one
 * that would be the same a moment later. Who comes meanwhile cannot join it, so it must be full, or leave others
 * behind; and it must be on the cheapest lane, which nothing would change for the better.
 */
function followUp<E extends Entry>(view: PolicyView<E>, now: number): Decision<E> {
  const { queue, prices, ending, handOver } = view;
  const { head } = queue;
  if (head === undefined || ending === undefined || !ending.lane.slotsAhead) return IDLE;
  const price = prices.of(head.allowed, head.length, now);
  const enough = price.unit * Math.max(price.efficient, head.rows);
  if (price.lane !== ending.lane || queue.demand < enough) return IDLE;
  const from = ending.at - handOver;
  if (now < from) return { kind: 'wait', until: from, kept: [] };
  const inOrder = compatible(view, 1 << ending.lane.index);
  const choice = chooseVariant(inOrder, [ending.lane], view, Math.max(now, ending.at));
  if (choice === undefined) return IDLE;
  const { rows, entries } = choice.window;
  return rows >= price.efficient || entries.length < inOrder.length ? dispatch(choice) : IDLE;
}

/**
 * Only the last free slot is kept waiting: while another one idles, whoever comes next has it at once. An entry waits
 * once: each batch that ends announces more rows, and not all of them can join it.
 */
function waits<E extends Entry>(
  { lane, window }: Choice<E>,
  { freeSlots, coming, busy }: PolicyView<E>,
  now: number,
): Decision<E> | undefined {
  if (coming === undefined || freeSlots > 1) return undefined;
  const kept = window.entries;
  const until = kept.reduce((soonest, { startBy }) => Math.min(soonest, startBy), coming.until);
  if (until <= now || !isWorthWaiting(window, lane, { ...coming, until }, now, busy + 1)) return undefined;
  return { kind: 'wait', until, kept };
}

function dispatch<E extends Entry>(choice: Choice<E>): Decision<E> {
  const { lane, window } = choice;
  const { entries, rows, length, expected, bound } = window;
  return { kind: 'dispatch', lane, entries, rows, length, expected, bound, choice };
}

/** The entries at the front that would be late even alone. */
function deadHeads<E extends Entry>({ queue, prices, freeSlots }: PolicyView<E>, now: number): readonly E[] {
  const dead: E[] = [];
  queue.scan((entry) => {
    const needed = freeSlots > 0 ? prices.of(entry.allowed, entry.length, now).alone(entry.rows) : 0;
    if (needed > 0 ? now + needed <= entry.deadline : now < entry.deadline) return false;
    dead.push(entry);
    return true;
  });
  return dead;
}

/**
 * Whether an open lane has time for an entry, or no other lane may answer it. One that has to wait for a lane that is
 * closed must not keep those behind it waiting.
 */
function hasTimeOn<E extends Entry>(open: readonly Lane[], view: PolicyView<E>, now: number) {
  if (open.length === view.lanes.length) return ANY;
  const closed = view.lanes.reduce(
    (bits, { index, freeSlots }) => bits | (freeSlots > 0 ? 0 : 1 << index),
    0,
  );
  const dues = open.map((lane) => ({ lane, dueOf: dueOn(lane, view, now) }));
  return (entry: E): boolean =>
    (entry.allowed & closed) === 0 ||
    dues.some(({ lane, dueOf }) => {
      if (!allows(entry.allowed, lane)) return false;
      const bound = lane.cost.bound(entry.rows, paddedLength(entry.length), view.busy + 1);
      return now + bound <= dueOf(entry);
    });
}

/** The first entry that an open lane may answer, and those by deadline that may share its batch. */
function compatible<E extends Entry>(
  { queue }: PolicyView<E>,
  mask: number,
  suits: (entry: E) => boolean = ANY,
): readonly E[] {
  const found: E[] = [];
  let scanned = 0;
  let common = mask;
  queue.scan((entry) => {
    scanned += 1;
    const [head] = found;
    if (head === undefined) {
      if ((entry.allowed & mask) === 0) return true;
      if (suits(entry)) found.push(entry);
      return found.length > 0 || scanned < MOST_SCANNED;
    }
    common = head.allowed & entry.allowed & mask;
    if (entry.key === head.key && common !== 0 && suits(entry)) found.push(entry);
    return found.length < MOST_CANDIDATES && scanned < MOST_SCANNED;
  });
  return found;
}
