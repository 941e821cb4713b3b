import type { Choice } from './choose-variant.ts';
import type { Entry } from './entry.ts';
import { type Lane, LEAST_GAIN } from './lane.ts';
import type { PriceList } from './price-list.ts';
import { windowOf } from './window.ts';

export interface SpreadView {
  /** When a lane can start one more batch beside the one that it starts now. */
  readonly nextFor: (lane: Lane) => number;
  readonly prices: Pick<PriceList, 'of'>;
  /** Batches that the node may start now, over all lanes, this one included. */
  readonly freeSlots: number;
  /** Slots that run now. */
  readonly busy: number;
  /** Milliseconds that a slot is idle between two batches, unless the second follows the first. */
  readonly handOver: number;
}

/**
 * One slot must not have everything to do while another one has nothing. Of a batch that would take all that waits,
 * the part that leaves the rest to the lane's instance that is free next, where all of it has ended sooner so by more
 * than it takes to hand one more batch over. Where no other one is free sooner the rest follows on the same one, if it
 * can be handed over ahead: that pays where two halves take no longer than the whole and the break after it. The whole
 * where neither is so, or the rest would be late.
 * @param head the entry that has to be in the part
 */
export function spread<E extends Entry>(
  choice: Choice<E>,
  head: E,
  view: SpreadView,
  now: number,
): Choice<E> {
  const { lane, window } = choice;
  const { entries, rows, expected } = window;
  if (entries.length < 2) return choice;
  const next = view.nextFor(lane) - now;
  const even = next < expected ? (expected + next) / 2 : expected / 2;
  const [part, rest] = divide(entries, head, (rows * even) / expected);
  if (rest.length === 0) return choice;
  const first = windowOf(part, lane, view.busy + 1);
  const second = windowOf(rest, lane, view.busy + 1);
  const start = Math.min(next, first.expected);
  const follows = next >= first.expected;
  if (follows && !canFollow(second.rows, choice, head, view, now)) return choice;
  const most = follows ? expected + view.handOver : expected * (1 - LEAST_GAIN) - view.handOver;
  if (start + second.expected > most) return choice;
  const answeredBy = now + start + second.bound;
  if (rest.some(({ deadline }) => answeredBy > deadline)) return choice;
  return {
    ...choice,
    window: first,
    taken: (choice.taken * first.expected) / expected,
    priced: part.reduce((sum, { demand }) => sum + demand, 0),
  };
}

/**
 * Whether the rest can be handed over while its part runs; else it would wait for the break all the same. Nothing is handed
 * ahead while the node or the lane has a place that is free, and only efficient batches are (`followUp` in the policy).
 */
function canFollow<E extends Entry>(
  rows: number,
  { lane, cheapest }: Choice<E>,
  { allowed, length }: E,
  { prices, freeSlots }: SpreadView,
  now: number,
): boolean {
  const full = freeSlots <= 1 && (lane.idle ?? lane.freeSlots) <= 1;
  return cheapest && full && rows >= prices.of(allowed, length, now).efficient;
}

/** The fewest entries from one end that have so many rows and the head among them; and those that are left. */
function divide<E extends Entry>(
  entries: readonly E[],
  head: E,
  least: number,
): readonly [readonly E[], readonly E[]] {
  let rows = 0;
  let count = 0;
  while (rows < least && count < entries.length) rows += (entries[count++] as E).rows;
  return entries.indexOf(head) < count
    ? [entries.slice(0, count), entries.slice(count)]
    : [entries.slice(-count), entries.slice(0, -count)];
}
