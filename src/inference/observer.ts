import type { Code, RejectReason } from '../errors.ts';
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
}

/**
 * What happens to the requests of one variant, told once each and synchronously by whoever knows it. Metrics and
 * statistics listen; implementations must not throw.
 */
export interface VariantObserver {
  /** A request ended: its code ('ok' when answered), its timings and the wall time it took, milliseconds. */
  requestEnded(code: Code | 'ok', duration: number, timings: Timings, rows: number): void;
  requestRejected(reason: RejectReason): void;
  batchEnded(record: BatchRecord): void;
  queueChanged(depth: number): void;
}

export const SILENT_OBSERVER: VariantObserver = {
  requestEnded() {},
  requestRejected() {},
  batchEnded() {},
  queueChanged() {},
};
