import type { Arrivals } from '../load/arrivals.ts';
import type { Priority } from '../machine/priority.ts';
import type { Samples } from './samples.ts';
import type { Stream } from './stream.ts';

export type LiveLoad =
  /** At times set beforehand, whatever becomes of earlier requests. */
  | { readonly kind: 'open'; readonly arrivals: Arrivals; readonly seed: number }
  /** So many at any time. */
  | { readonly kind: 'closed'; readonly concurrency: number };

export interface LiveWindow {
  readonly stream: Stream;
  readonly load: LiveLoad;
  /** Milliseconds of load before anything counts, and that count. */
  readonly warmUp: number;
  readonly duration: number;
}

export type ToLiveGenerator =
  | { readonly kind: 'open'; readonly address: string }
  | { readonly kind: 'window'; readonly window: LiveWindow };

export type FromLiveGenerator =
  | { readonly kind: 'opened'; readonly priority: Priority }
  /** The warm-up is over; the window is. */
  | { readonly kind: 'measuring' }
  | { readonly kind: 'measured' }
  | { readonly kind: 'result'; readonly samples: Samples }
  | { readonly kind: 'failed'; readonly message: string };
