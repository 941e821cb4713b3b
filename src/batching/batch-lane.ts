import type { VariantObserver } from '../inference/observer.ts';
import type { SlottedRunner } from '../inference/runner.ts';
import type { Batching, Signature } from '../inference/signature.ts';
import type { Interference } from '../scheduling/interference.ts';
import type { Lane } from '../scheduling/lane.ts';
import type { NodeShares } from '../scheduling/node-shares.ts';
import type { Clock } from './clock.ts';
import type { Padded } from './merge-split.ts';
import type { SharedSlots } from './node-slots.ts';

/** One variant with the workers that run it. */
export interface BatchLane extends Lane {
  readonly runner: SlottedRunner;
  readonly observer: VariantObserver;
}

export interface ScheduledBatcherOptions {
  /** Of one signature; `index` counts from 0 in this order. */
  readonly lanes: readonly BatchLane[];
  readonly signature: Signature;
  /** Settings of the queue: those of the variant that answers when none is named. */
  readonly batching: Batching;
  /** Inputs and outputs that may be padded; none when left out. */
  readonly padded?: Padded;
  readonly interference: Interference;
  readonly settings: ScheduleSettings;
  /** Told how many entries wait. */
  readonly queueChanged: (depth: number) => void;
  readonly clock?: Clock;
}

export interface ScheduleSettings {
  /** Batches that may run at once, over all lanes and versions. */
  readonly slots: SharedSlots;
  /** What each version has of them; left out where there is only one. */
  readonly shares?: NodeShares;
  /** Bytes of all entries that are not settled. */
  readonly maxBytes: number;
  /** Deadline of requests that bring none and whose model has none, milliseconds after arrival. */
  readonly patience: number;
  /**
   * Longest wait of such requests in a queue that never empties, and the time after which it counts as such;
   * milliseconds.
   */
  readonly sojourn: { readonly target: number; readonly interval: number };
}
