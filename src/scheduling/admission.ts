import type { ClientShares } from './client-shares.ts';
import type { DeadlineQueue } from './deadline-queue.ts';
import type { DemandRates } from './demand-rates.ts';
import type { Demand, Entry } from './entry.ts';
import { weightOf, workBefore } from './entry.ts';
import type { FreeTimes } from './free-times.ts';
import type { Price, PricedBatch, PriceList } from './price-list.ts';
import type { SojournBound } from './sojourn-bound.ts';

export interface AdmissionLimits {
  /** Entries that may wait. */
  readonly entries: number;
  /** Bytes of all entries that are not settled. */
  readonly bytes: number;
}

export type Verdict =
  /** It can be on time, and nobody who was accepted becomes late by it. */
  | { readonly kind: 'accept'; readonly price: AcceptedPrice }
  /** It would be late even alone: `earliest` milliseconds are needed from now. */
  | { readonly kind: 'infeasible'; readonly earliest: number }
  /** There is more work than time; a retry can succeed after `retryAfter` milliseconds. */
  | { readonly kind: 'overload'; readonly retryAfter: number }
  /** A bound of the server is reached. */
  | {
      readonly kind: 'full';
      readonly bound: 'entries' | 'bytes';
      readonly limit: number;
      readonly retryAfter: number;
    };

export type AcceptedPrice = Pick<Entry, 'weight' | 'demand' | 'latest' | 'batch'>;

export interface AdmissionView {
  readonly queue: DeadlineQueue<Entry>;
  readonly prices: PriceList;
  readonly rates: DemandRates;
  readonly shares: ClientShares;
  readonly sojourn: SojournBound;
  readonly limits: AdmissionLimits;
  readonly bytesInFlight: number;
  /** How much more work takes than its price, because batches are not as even as they could be. */
  readonly overhead: number;
  readonly free: FreeTimes;
}

/** Batches that have to fit into the time that a request is given: its own, and half of the one that runs before. */
const BATCHES_IN_TIME = 1.5;
/** Batches are planned for this much more than arrives. */
const HEADROOM = 1.1;
/** A client that is far above its share leaves this part of the time before its deadline to others. */
const CLIENT_RESERVE = 0.3;
/** All lower priorities together leave at most this part of the time before their deadlines to higher ones. */
const PRIORITY_RESERVE = 0.6;

/**
 * Whether a request is taken. Work is priced at full efficient batches: the volume ahead at what a row costs in one,
 * and the end at that of a full one. Under load batches are full, so that what is promised is kept; the first
 * arrivals of an idle server are priced alone. Pure: `view` is read only.
 */
export function judge(demand: Demand, view: AdmissionView, now: number): Verdict {
  const { queue, prices, limits, free } = view;
  const price = prices.of(demand.allowed, demand.length, now);
  const solo = price.alone(demand.rows);
  const clearing = Math.max(free.mean - now, 0) + queue.demand;
  if (now + solo > demand.deadline) {
    return { kind: 'infeasible', earliest: solo };
  }
  const bound = reached(demand, view, 1, now);
  if (bound !== undefined) return { kind: 'full', bound, limit: limits[bound], retryAfter: clearing };
  const planned = plannedBatch(demand, view, price, now);
  const { rows } = planned;
  const unit = planned.unit * view.overhead;
  const work = unit * demand.rows;
  const tail = Math.max(planned.tail, demand.rows > rows ? solo : 0);
  const latest = demand.deadline - tail;
  const batch = Math.max(rows, demand.rows) * unit;
  const accepted: Verdict = {
    kind: 'accept',
    price: { weight: weightOf(demand.priority) * demand.rows, demand: work, latest, batch },
  };
  if (queue.size === 0 && free.first <= now) return accepted;
  const ahead = queue.demandBefore(demand.deadline);
  const start = Math.max(free.level(workBefore(ahead, batch)), now);
  const left = 1 - reservedShare(demand, view, now);
  const reserve = (demand.deadline - now) * (1 - left);
  const patience = demand.patient ? view.sojourn.limit(now) * left : Infinity;
  if (start - now > patience || (left < 1 && reached(demand, view, left, now) !== undefined)) {
    return { kind: 'overload', retryAfter: clearing };
  }
  if (start > latest - reserve || queue.crowdedBy(work, demand.deadline, free)) {
    return { kind: 'overload', retryAfter: Math.max(start - latest + reserve, clearing / 2, 1) };
  }
  return accepted;
}

/** The bound of the server that the request would exceed if it had only that share of it to use. */
function reached(
  { bytes }: Demand,
  { queue, limits, bytesInFlight, free }: AdmissionView,
  share: number,
  now: number,
): 'entries' | 'bytes' | undefined {
  if (queue.size >= limits.entries * share && (queue.size > 0 || free.first > now)) return 'entries';
  return bytesInFlight + bytes > limits.bytes * share ? 'bytes' : undefined;
}

/** No larger than what can be on time: where the efficient batch takes too long, smaller ones run, at their price. */
function plannedBatch(demand: Demand, view: AdmissionView, price: Price, now: number): PricedBatch {
  const rows = plannedRows(demand, view, price, now);
  const tail = price.tail(rows);
  const time = (demand.deadline - now) / BATCHES_IN_TIME;
  return tail <= time ? { rows, tail, unit: price.unit } : price.within(time);
}

/**
 * The batch an entry will end in: the smallest that keeps up with what arrives, and at least what waits already, so
 * that tight deadlines are not refused while there is little to do.
 */
function plannedRows(demand: Demand, view: AdmissionView, price: Price, now: number): number {
  const { efficient, lane, slots } = price;
  const wanted = (view.rates.rows(now) * HEADROOM) / slots;
  for (let rows = view.queue.size + demand.rows; rows < efficient; rows++) {
    if (rows / lane.cost.predict(rows, demand.length) >= wanted) return rows;
  }
  return efficient;
}

/**
 * The share of its time, and of what the server has room for, that a request must leave to clients below their share
 * and to higher priorities.
 */
function reservedShare(demand: Demand, view: AdmissionView, now: number): number {
  const client = CLIENT_RESERVE * view.shares.excess(demand.client, now);
  if (demand.priority <= 1) return client;
  return client + PRIORITY_RESERVE * Math.sqrt(Math.min(view.rates.above(demand.priority, now), 1));
}
