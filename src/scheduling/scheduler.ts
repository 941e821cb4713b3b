import { type AdmissionLimits, type AdmissionView, judge, type Verdict } from './admission.ts';
import { BatchOverhead } from './batch-overhead.ts';
import { reasonFor, type VariantReason } from './choose-variant.ts';
import { ClientShares } from './client-shares.ts';
import { DeadlineQueue } from './deadline-queue.ts';
import { DemandRates } from './demand-rates.ts';
import type { EarlyDemand, Entry } from './entry.ts';
import { Foresight } from './foresight.ts';
import { type SchedulerGauges, ServiceRecord } from './gauges.ts';
import { HandOver, type Journey } from './hand-over.ts';
import type { Interference } from './interference.ts';
import { allows, fillable, type Lane } from './lane.ts';
import { LeastDemand } from './least-demand.ts';
import type { NodeShare } from './node-shares.ts';
import { PremiumRecord } from './premium-record.ts';
import { PriceList } from './price-list.ts';
import { ReturningRows } from './returning-rows.ts';
import { type Decision, decide } from './scheduler-policy.ts';
import { type Running, Slots } from './slots.ts';
import { SojournBound, type SojournOptions } from './sojourn-bound.ts';

export interface SchedulerOptions {
  /** `index` counts from 0 in this order; at most 31. */
  readonly lanes: readonly Lane[];
  /** Batches that the node may run at once, over all lanes, as things are. */
  readonly slots: () => number;
  /** What it has of the node beside other versions; all where left out. */
  readonly share?: NodeShare | undefined;
  /** The one that the lanes' cost models share. */
  readonly interference: Interference;
  readonly limits: AdmissionLimits;
  readonly sojourn: SojournOptions;
}

/** Milliseconds without a batch after which a prediction that refuses everything is doubted. */
const DOUBT_INTERVAL_MS = 1000;

/** What arrives in this time is expected to share a batch, where refusals are foreseen. */
const TYPICAL_WAIT_MS = 20;

/** Milliseconds after a refusal in which requests are refused before they are read, where they can be. */
const REFUSING_MS = 100;
/** Of so many requests that could be refused unread, one is read. */
const READ_ANYWAY = 16;

type Overload = Extract<Verdict, { kind: 'overload' }>;

type Dispatch<E extends Entry> = Extract<Decision<E>, { kind: 'dispatch' }>;

/**
 * The state of one version's scheduling, and the verbs that change it. It has no clock, no timer and starts nothing:
 * the caller offers entries, asks `next` until it says idle (on an arrival, and when a slot is free), and tells what
 * became of the batches.
 */
export class Scheduler<E extends Entry> {
  readonly #lanes: readonly Lane[];
  readonly #limits: AdmissionLimits;
  readonly #queue = new DeadlineQueue<E>();
  readonly #rates = new DemandRates();
  readonly #overhead = new BatchOverhead();
  readonly #shares = new ClientShares();
  readonly #record = new ServiceRecord();
  readonly #premiums = new PremiumRecord();
  readonly #returning = new ReturningRows();
  readonly #handOver = new HandOver();
  readonly #sojourn: SojournBound;
  readonly #slots: Slots;
  readonly #share: NodeShare | undefined;
  readonly #interference: Interference;
  readonly #prices: PriceList;
  #bytesInFlight = 0;
  readonly #least = new LeastDemand();
  #lastRefusal = -Infinity;
  #early = 0;
  /** When a batch last ended, or the predictions were last doubted. */
  #lastActive: number | undefined;

  constructor({ lanes, slots, share, interference, limits, sojourn }: SchedulerOptions) {
    this.#lanes = lanes.toSorted((a, b) => b.accuracy - a.accuracy || a.index - b.index);
    this.#limits = limits;
    this.#sojourn = new SojournBound(sojourn);
    this.#share = share;
    this.#interference = interference;
    const most = () => fillable(lanes, slots());
    const available = (now: number) => share?.of(slots(), now) ?? slots();
    this.#slots = new Slots(most, (now) => fillable(lanes, available(now)));
    const effective = () => interference.effectiveSlots(most());
    this.#prices = new PriceList(lanes, most, effective, available);
  }

  /** Entries that wait. */
  get size(): number {
    return this.#queue.size;
  }

  /** The earliest deadline of what waits; Infinity when nothing does. */
  get nextDeadline(): number {
    return this.#queue.head?.deadline ?? Infinity;
  }

  /** Bytes of what was accepted and not settled. */
  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  /** Judges an entry and queues it if it is accepted. */
  offer(entry: E, now: number): Verdict {
    if (this.#queue.size === 0) this.#sojourn.empty(now);
    const price = this.#prices.of(entry.allowed, entry.length, now);
    this.#rates.arrived(entry, price, now);
    this.#least.add(entry, now);
    const verdict = judge(entry, this.#admissionView(now), now);
    if (verdict.kind !== 'accept') {
      if (verdict.kind === 'infeasible') this.#doubt(entry, now);
      else this.#refused(now);
      this.#premiums.refused(price.unit * entry.rows, now);
      return verdict;
    }
    const { weight, demand, latest, batch } = verdict.price;
    entry.weight = weight;
    entry.demand = demand;
    entry.latest = latest;
    entry.batch = batch;
    this.#shares.charge(entry.client, demand, now);
    this.#bytesInFlight += entry.bytes;
    this.#queue.insert(entry);
    if (this.#queue.size === 1) this.#tellShare(now);
    this.#returning.arrived(entry.rows, now);
    return verdict;
  }

  /** Whether a request was refused a moment ago, so that the next one may be before it is read. */
  refusing(now: number): boolean {
    return now - this.#lastRefusal <= REFUSING_MS;
  }

  /**
   * Judges a request that is not read yet, while others are refused, as if it were as small as the smallest of late
   * whose body had about as many bytes, and had as much time as any of them. Never every one: some are read all the same,
   * so that what is asked stays known. A refusal is counted; undefined where the request has to be read, and will be offered.
   */
  refusal(early: EarlyDemand, now: number): Overload | undefined {
    this.#early += 1;
    if (this.#early % READ_ANYWAY === 0) return undefined;
    const { slack, ...size } = this.#least.of(early.bodyBytes, now);
    const demand = { ...early, ...size };
    const view = this.#admissionView(now);
    const verdict = judge(demand, view, now);
    if (verdict.kind !== 'overload') return undefined;
    const longest = { ...demand, patient: false, deadline: now + slack };
    if (early.open && slack > 0 && judge(longest, view, now).kind !== 'overload') return undefined;
    const price = this.#prices.of(demand.allowed, demand.length, now);
    this.#rates.arrived(demand, price, now);
    this.#refused(now);
    this.#premiums.refused(price.unit * demand.rows, now);
    return verdict;
  }

  #admissionView(now: number): AdmissionView {
    return {
      queue: this.#queue,
      prices: this.#prices,
      rates: this.#rates,
      shares: this.#shares,
      sojourn: this.#sojourn,
      limits: this.#limits,
      bytesInFlight: this.#bytesInFlight,
      overhead: this.#overhead.factor,
      free: this.#slots.freeTimes(now),
    };
  }

  #refused(now: number): void {
    this.#lastRefusal = now;
    this.#record.refused(now);
  }

  /** Predictions that keep an idle node idle are doubted a little more every second. */
  #doubt({ allowed }: E, now: number): void {
    this.#lastActive ??= now;
    if (this.#slots.busy > 0 || this.#queue.size > 0 || now - this.#lastActive < DOUBT_INTERVAL_MS) return;
    this.#lastActive = now;
    for (const lane of this.#lanes) if (allows(allowed, lane)) lane.cost.doubt();
    this.#prices.expire();
  }

  /** What to do next. A drop or a dispatch has left the queue when this returns. */
  next(now: number): Decision<E> {
    if (this.#queue.size === 0) return { kind: 'idle' };
    const decision = decide(
      {
        queue: this.#queue,
        lanes: this.#lanes,
        prices: this.#prices,
        free: this.#slots.freeTimes(now),
        foresee: () => this.#foresight(now),
        busy: this.#slots.busy,
        freeSlots: this.#slots.free,
        coming: this.#returning.expected(now),
        nextFor: (lane) => this.#slots.nextFor(lane, now),
        ending: this.#slots.ending(),
        handOver: this.#handOver.time,
      },
      now,
    );
    if (decision.kind === 'wait') for (const entry of decision.kept) entry.startBy = decision.until;
    if (decision.kind === 'idle' || decision.kind === 'wait') return decision;
    for (const entry of decision.entries) this.#queue.remove(entry);
    if (decision.kind === 'drop') this.#tellShare(now);
    return decision;
  }

  #tellShare(now: number): void {
    const { busy, cores } = this.#slots;
    this.#share?.holds(cores, busy > 0 || this.#queue.size > 0, now);
  }

  #foresight(now: number): Foresight {
    const { head } = this.#queue;
    const tail =
      head === undefined
        ? 0
        : this.#prices.of(head.allowed, head.length, now).tail(2 + this.#rates.rows(now) * TYPICAL_WAIT_MS);
    const levels = this.#rates.slacks
      .shares()
      .map(({ slack, share }) => ({ share, backlog: Math.max(slack - tail, 1) }));
    return new Foresight(this.#rates.forecast, levels, this.#premiums.correction(now), now);
  }

  /** A dispatched batch has started. */
  started(dispatch: Dispatch<E>, now: number): Running {
    const { lane, rows, choice } = dispatch;
    const { taken, priced, pressure, cheapest } = choice;
    if (!cheapest) this.#premiums.spent(taken - priced, pressure, now);
    const running = this.#slots.start(now, lane, dispatch, cheapest && this.#queue.size >= rows);
    this.#tellShare(now);
    return running;
  }

  /** It has ended, in whatever way: its slot is free. */
  ended({ lane, rows }: Dispatch<E>, running: Running, now: number): void {
    this.#slots.end(running, now);
    this.#share?.ran((now - running.startsAt) * (lane.cores ?? 1));
    this.#tellShare(now);
    this.#returning.ended(rows, now);
    this.#lastActive = now;
    if (this.#slots.busy === 0 && this.#queue.size === 0) this.#premiums.idle();
  }

  /**
   * What a batch that has ended teaches about costs; to be told when its answers have left. One that failed teaches nothing.
   * @param end when it had ended
   * @param journey all its time since it started was computing where left out
   * @param apart it ran unlike others: what it took says nothing about them
   */
  learn(dispatch: Dispatch<E>, running: Running, end: number, journey?: Journey, apart = false): void {
    const { lane, entries, rows, length, expected, choice } = dispatch;
    this.#record.answered(entries, lane, this.#lanes, end);
    for (const { cost } of this.#lanes) if (apart || cost !== lane.cost) cost.ranElsewhere();
    if (apart) {
      this.#interference.passed();
      return;
    }
    const held = end - running.startsAt;
    if (running.backlog && expected > 0)
      this.#overhead.observe(choice.taken * (held / expected), choice.priced);
    if (journey !== undefined) this.#handOver.observe(journey, running.ahead);
    const latency = latencyOf(running, held, journey);
    lane.cost.observe({ rows, length, latency, computed: journey?.computeInfer }, running.busy);
  }

  /** A queued entry is not wanted any more. */
  remove(entry: E): void {
    this.#queue.remove(entry);
  }

  /** An accepted entry was answered, in whatever way: what it held is free. */
  settled(entry: E): void {
    this.#bytesInFlight -= entry.bytes;
  }

  reason(entry: E, lane: Lane): VariantReason {
    return reasonFor(entry, lane, this.#lanes);
  }

  gauges(now: number): SchedulerGauges {
    return this.#record.gauges(this.#rates.utilisation(now), now);
  }
}

/**
 * What a batch took its worker, of the time that it held its slot: not while the event loop kept its answer waiting. One
 * that followed another without a break held it for no longer than it took.
 */
function latencyOf({ ahead }: Running, held: number, journey: Journey | undefined): number {
  if (journey === undefined) return held;
  const { computeInput, computeInfer } = journey;
  return ahead ? Math.max(held, computeInfer) : computeInput + computeInfer;
}
