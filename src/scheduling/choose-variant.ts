import type { DeadlineQueue } from './deadline-queue.ts';
import type { Entry } from './entry.ts';
import type { Foresight } from './foresight.ts';
import type { FreeTimes } from './free-times.ts';
import { allows, type Lane } from './lane.ts';
import type { Price, PriceList } from './price-list.ts';
import { bestWindow, Candidates, type Window, workOn } from './window.ts';

/**
 * Why a variant answers: it is the best there is; a better one had no time; nothing less accurate was allowed;
 * the request named it; a canary was due.
 */
export type VariantReason = 'best' | 'slack' | 'floor' | 'pinned' | 'canary';

export interface Choice<E extends Entry> {
  readonly lane: Lane;
  readonly window: Window<E>;
  /** Node milliseconds that it takes, and those that its entries were priced at on their cheapest lanes. */
  readonly taken: number;
  readonly priced: number;
  /** The share of what it takes beyond that which will be missing, as far as can be foreseen. */
  readonly pressure: number;
  /** Whether the lane is the one that its head was priced on. */
  readonly cheapest: boolean;
}

export interface ChoiceView<E extends Entry> {
  readonly queue: DeadlineQueue<E>;
  readonly prices: PriceList;
  readonly free: FreeTimes;
  /** What the near future asks for: made when a batch is chosen, and not where nothing can start. */
  readonly foresee: () => Foresight;
  /** Slots that run now. */
  readonly busy: number;
}

/** The share of the time between the fastest answer and the deadline that may be spent on accuracy. */
const SPENT = { accuracy: 1, balanced: 0.4, latency: 0 } as const;
/** Heads that may be passed over, because they would keep a batch small. */
const MOST_SACRIFICED = 8;

/**
 * The most accurate lane that the head may use such that every member of its batch is on time, and everything that
 * stays queued can still be on time on its cheapest lanes. Where no lane passes, the cheapest does what it can.
 *
 * @param inOrder compatible entries by deadline, the head first
 * @param lanes those with a free slot, the most accurate first
 */
export function chooseVariant<E extends Entry>(
  inOrder: readonly E[],
  lanes: readonly Lane[],
  view: ChoiceView<E>,
  now: number,
): Choice<E> | undefined {
  const [head] = inOrder;
  if (head === undefined) return undefined;
  const price = view.prices.of(head.allowed, head.length, now);
  const open = lanes.filter((lane) => allows(head.allowed, lane));
  const cheapest = open.includes(price.lane) ? price.lane : open.at(-1);
  if (cheapest === undefined) return undefined;
  const candidates = new Candidates(inOrder);
  // Where there is nothing to choose, the future changes nothing.
  const foresight = open.length === 1 && cheapest === price.lane ? undefined : view.foresee();
  const fallback = mostWork(inOrder, candidates, cheapest, view, now);
  let best = fallback === undefined ? undefined : choiceOf(cheapest, fallback, price, foresight, view, now);
  let value = best === undefined ? -Infinity : worthOf(best, price);
  for (const lane of open) {
    if (lane === cheapest) continue;
    const window = bestWindow(candidates, lane, dueOn(lane, view, now), now, view.busy + 1);
    if (window === undefined) continue;
    const choice = choiceOf(lane, window, price, foresight, view, now);
    const other = worthOf(choice, price);
    if (other < value || (other === value && !isQuicker(choice, best))) continue;
    if (!harmless(window, view, now)) continue;
    value = other;
    best = choice;
  }
  return best ?? lastResort(candidates, open, cheapest, view, now);
}

function choiceOf<E extends Entry>(
  lane: Lane,
  window: Window<E>,
  price: Price,
  foresight: Foresight | undefined,
  { queue, free }: ChoiceView<E>,
  now: number,
): Choice<E> {
  const priced = window.entries.reduce((sum, { demand }) => sum + demand, 0);
  const backlog = free.occupied(now + window.bound).level(queue.demand - priced) - now;
  return {
    lane,
    window,
    taken: window.expected / price.slots,
    priced,
    cheapest: lane === price.lane,
    pressure: foresight?.pressure(backlog) ?? 0,
  };
}

/**
 * Accuracy that a batch wins over its entries being answered by the cheapest lane, less what the time it takes beyond
 * their price is worth: the answers that would be given in it, if it will be missing. Before the cheapest was measured
 * nobody knows how many these are.
 */
function worthOf<E extends Entry>(
  { lane, window, taken, priced, pressure }: Choice<E>,
  { lane: cheapest, unit }: Price,
): number {
  const won = window.weight * (lane.accuracy - cheapest.accuracy);
  return unit > 0 ? won - pressure * (cheapest.accuracy / unit) * (taken - priced) : won;
}

const isQuicker = <E extends Entry>({ window }: Choice<E>, best: Choice<E> | undefined): boolean =>
  best === undefined || window.expected * best.window.rows < best.window.expected * window.rows;

/** Its deadline, or sooner on a lane that is slower than need be for a request that wants to be quick. */
export function dueOn<E extends Entry>(lane: Lane, { prices, busy }: ChoiceView<E>, now: number) {
  return (entry: E): number => {
    const spent = SPENT[entry.preference];
    if (spent === 1) return entry.deadline;
    const price = prices.of(entry.allowed, entry.length, now);
    if (price.lane === lane) return entry.deadline;
    const soonest = now + price.lane.cost.bound(entry.rows, entry.length, busy + 1);
    return soonest + spent * (entry.deadline - soonest);
  };
}

/** Nothing that stays queued becomes late. */
function harmless<E extends Entry>(window: Window<E>, { queue, free }: ChoiceView<E>, now: number): boolean {
  queue.mark(window.entries, true);
  const late = queue.late(free.occupied(now + window.bound), 0, 0);
  queue.mark(window.entries, false);
  return late === 0;
}

/** The batch that does the most work in a millisecond, heads that would have to be left behind counted against it. */
function mostWork<E extends Entry>(
  inOrder: readonly E[],
  candidates: Candidates<E>,
  lane: Lane,
  view: ChoiceView<E>,
  now: number,
): Window<E> | undefined {
  const due = dueOn(lane, view, now);
  const busy = view.busy + 1;
  let best = bestWindow(candidates, lane, due, now, busy);
  let score = best === undefined ? 0 : best.work / best.expected;
  let left = 0;
  for (let skipped = 1; skipped <= MOST_SACRIFICED && skipped < inOrder.length; skipped++) {
    if (best !== undefined && (best.rows >= lane.maxBatchSize || best.entries.length >= inOrder.length))
      break;
    left += workOn(lane, inOrder[skipped - 1] as E);
    const window = bestWindow(new Candidates(inOrder.slice(skipped)), lane, due, now, busy);
    if (window === undefined) continue;
    const value = (window.work - left) / window.expected;
    if (value <= score) continue;
    score = value;
    best = window;
  }
  return best;
}

/** The cheapest lane in batches may not be the fastest alone: any lane on which the head is on time. */
function lastResort<E extends Entry>(
  candidates: Candidates<E>,
  lanes: readonly Lane[],
  tried: Lane,
  view: ChoiceView<E>,
  now: number,
): Choice<E> | undefined {
  for (const lane of lanes.toReversed()) {
    if (lane === tried) continue;
    const window = bestWindow(candidates, lane, ({ deadline }) => deadline, now, view.busy + 1);
    if (window !== undefined) return { lane, window, taken: 0, priced: 0, pressure: 0, cheapest: false };
  }
  return undefined;
}

/** Why `lane` answers `entry`. */
export function reasonFor(entry: Entry, lane: Lane, lanes: readonly Lane[]): VariantReason {
  if (entry.route !== 'free') return entry.route;
  const better = lanes.some(({ accuracy }) => accuracy > lane.accuracy);
  if (!better) return 'best';
  const cheaper = lanes.filter(({ accuracy }) => accuracy < lane.accuracy);
  const forced = cheaper.length > 0 && cheaper.every((each) => !allows(entry.allowed, each));
  return forced ? 'floor' : 'slack';
}
