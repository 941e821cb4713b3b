import type { Code, RejectReason } from '../errors.ts';
import type { Reuse } from './runner.ts';
import type { Timings } from './timings.ts';

/** Who a measurement is about. All three come from what is loaded, never from a client: label values stay bounded. */
export interface VariantId {
  readonly model: string;
  readonly version: string;
  readonly variant: string;
}

/** Why a batch left the queue when it did. */
export type DispatchReason = 'full' | 'preferred' | 'slot_free' | 'delay_expired' | 'draining' | 'alone';

export interface BatchRecord {
  readonly rows: number;
  readonly requests: number;
  readonly reason: DispatchReason;
  readonly timings: Timings;
  readonly failed: boolean;
  /**
   * Rows times the length that they were padded to, and what of it is padding; left out where nothing may be padded.
   */
  readonly padded?: { readonly tokens: number; readonly padding: number };
}

/**
 * What happens to the requests of one variant, told once each and synchronously by whoever knows it. Metrics and
 * statistics listen; implementations must not throw.
 */
export interface VariantObserver {
  /**
   * A request ended: its code ('ok' when answered), its timings and the wall time it took, milliseconds; `reuse` where
   * it was not computed itself.
   */
  requestEnded(code: Code | 'ok', duration: number, timings: Timings, rows: number, reuse?: Reuse): void;
  requestRejected(reason: RejectReason): void;
  /** Told in the turn of the event loop in which it ended: when its answers are out, where it has any. */
  batchEnded(record: BatchRecord): void;
  queueChanged(depth: number): void;
}

/** Told of every request that asked the response cache. */
export interface CacheObserver {
  /** `duration`: milliseconds to look it up, and on a miss to keep the answer. */
  cacheAsked(hit: boolean, duration: number): void;
}

/** How the response cache stands. */
export interface CacheState {
  readonly bytes: number;
  readonly entries: number;
  /** Entries that others pushed out, since the start. */
  readonly evictions: number;
  /** 0 where the server has no cache. */
  readonly maxBytes: number;
}

export const SILENT_OBSERVER: VariantObserver & CacheObserver = {
  requestEnded() {},
  requestRejected() {},
  batchEnded() {},
  queueChanged() {},
  cacheAsked() {},
};

/** How well the times of a variant's batches are predicted. */
export interface Predictions {
  readonly variant: string;
  /** Batches whose time was predicted, and those that stayed within the bound. */
  readonly made: number;
  readonly kept: number;
  /** What was expected of all of them, and what they took: milliseconds. */
  readonly expected: number;
  readonly measured: number;
}

/** How the scheduling of one version stands; means over about ten seconds. */
export interface ScheduleState {
  readonly model: string;
  readonly version: string;
  /** 0 idle, 1 at capacity without refusing, above 1 some is refused. */
  readonly saturation: number;
  /** Share of the cores that the offered work takes on the cheapest variants that may answer it. */
  readonly demandUtilisation: number;
  /** Share of the answers that came from a less accurate variant than the request allowed. */
  readonly accuracyDebt: number;
  /** By variant. */
  readonly predictions: readonly Predictions[];
}
