import { CODES, type Code, type RejectReason } from '../errors.ts';
import type {
  BatchRecord,
  CacheObserver,
  DispatchReason,
  VariantId,
  VariantObserver,
} from '../inference/observer.ts';
import type { Reuse } from '../inference/runner.ts';
import type { Timings } from '../inference/timings.ts';
import { ROWS, SECONDS } from './definitions.ts';
import { Distribution } from './distribution.ts';

export type Outcome = Code | 'ok';

/** Every code from zero, so that a series exists before its first event. */
export const noOutcomes = (): Record<Outcome, number> => {
  const zeros = Object.fromEntries(['ok', ...CODES].map((code) => [code, 0]));
  return zeros as Record<Outcome, number>;
};

const NO_REJECTIONS: Readonly<Record<RejectReason, number>> = {
  queue_full: 0,
  deadline: 0,
  canceled: 0,
  draining: 0,
  infeasible: 0,
  overload: 0,
  failed: 0,
};

const NO_DISPATCHES: Readonly<Record<DispatchReason, number>> = {
  full: 0,
  preferred: 0,
  slot_free: 0,
  delay_expired: 0,
  draining: 0,
  alone: 0,
};

/** What is read from a variant at scrape time. */
export interface VariantGauges {
  /** Requests accepted and not yet answered. */
  readonly inFlight: () => number;
  readonly instances: () => number;
  /** Batches handed to the workers and not back yet. */
  readonly runningBatches: () => number;
  /** How full its own queue is, 1 at capacity; 0 where the scheduler of the version tells. */
  readonly saturation: () => number;
}

/**
 * The figures of one (model, version, variant). A reload opens the new variant before it closes the old one, so both
 * count into the same series, and no counter falls back to zero because of a reload.
 */
export class VariantSeries {
  readonly id: VariantId;
  readonly requests = noOutcomes();
  readonly rejected = { ...NO_REJECTIONS };
  readonly dispatched = { ...NO_DISPATCHES };
  readonly request = new Distribution(SECONDS);
  readonly queue = new Distribution(SECONDS);
  readonly computeInput = new Distribution(SECONDS);
  readonly computeInfer = new Distribution(SECONDS);
  readonly computeOutput = new Distribution(SECONDS);
  readonly batchSize = new Distribution(ROWS);
  readonly open = new Set<VariantMetrics>();
  readonly cache = { hit: 0, miss: 0 };
  /** Milliseconds. */
  readonly cacheTime = { hit: 0, miss: 0 };
  rows = 0;
  /** Of these the ones that were computed for their own request. */
  computed = 0;
  coalesced = 0;
  failedBatches = 0;
  tokens = 0;
  padding = 0;

  constructor(id: VariantId) {
    this.id = id;
  }

  get executions(): number {
    return this.batchSize.count - this.failedBatches;
  }

  /** Sum of a gauge over the variants that are open under this id: two during a reload. */
  total(read: (variant: VariantMetrics) => number): number {
    let sum = 0;
    for (const variant of this.open) sum += read(variant);
    return sum;
  }
}

/** How full the fullest of all open variants is. */
export function fullest(all: Iterable<VariantSeries>): number {
  let most = 0;
  for (const { open } of all) for (const { saturation } of open) most = Math.max(most, saturation);
  return most;
}

/** Counts what happens to one open variant. Cheap: no labels are looked up per event. */
export class VariantMetrics implements VariantObserver, CacheObserver {
  readonly #series: VariantSeries;
  readonly #closed: (variant: VariantMetrics) => void;
  #gauges: VariantGauges | undefined;
  #queueDepth = 0;

  constructor(series: VariantSeries, closed: (variant: VariantMetrics) => void) {
    this.#series = series;
    this.#closed = closed;
    series.open.add(this);
  }

  requestEnded(code: Outcome, duration: number, timings: Timings, rows: number, reuse?: Reuse): void {
    const series = this.#series;
    series.requests[code]++;
    if (code !== 'ok') return;
    series.rows += rows;
    series.request.observe(duration / 1000);
    if (reuse === 'cached') return;
    if (reuse === 'coalesced') series.coalesced++;
    else series.computed += rows;
    series.queue.observe(timings.queue / 1000);
    series.computeInput.observe(timings.computeInput / 1000);
    series.computeInfer.observe(timings.computeInfer / 1000);
    series.computeOutput.observe(timings.computeOutput / 1000);
  }

  requestRejected(reason: RejectReason): void {
    this.#series.rejected[reason]++;
  }

  batchEnded({ rows, reason, failed, padded }: BatchRecord): void {
    this.#series.dispatched[reason]++;
    this.#series.batchSize.observe(rows);
    if (failed) this.#series.failedBatches++;
    this.#series.tokens += padded?.tokens ?? 0;
    this.#series.padding += padded?.padding ?? 0;
  }

  cacheAsked(hit: boolean, duration: number): void {
    const result = hit ? 'hit' : 'miss';
    this.#series.cache[result]++;
    this.#series.cacheTime[result] += duration;
  }

  queueChanged(depth: number): void {
    this.#queueDepth = depth;
  }

  /** Tells where the gauges of this variant are read; they are 0 before. */
  watch(gauges: VariantGauges): void {
    this.#gauges = gauges;
  }

  /** Forgets the variant: its series are gone from the next scrape on, unless it is open a second time. Idempotent. */
  close(): void {
    this.#closed(this);
  }

  get queueDepth(): number {
    return this.#queueDepth;
  }

  get inFlight(): number {
    return this.#gauges?.inFlight() ?? 0;
  }

  get instances(): number {
    return this.#gauges?.instances() ?? 0;
  }

  get saturation(): number {
    return this.#gauges?.saturation() ?? 0;
  }

  /** A batch handed over ahead keeps no second instance busy. */
  get busyInstances(): number {
    return Math.min(this.#gauges?.runningBatches() ?? 0, this.instances);
  }
}
