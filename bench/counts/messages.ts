import type { Tally } from './counters.ts';

/** What the counted server is asked. */
export type Order =
  /** Clear the memory and tell what is counted so far; from then on promises and timers are watched, or are not. */
  | { readonly kind: 'begin'; readonly async: boolean }
  /** Tell what is counted so far, and how often the collector ran since. */
  | { readonly kind: 'end' }
  /** `waves` times `size` requests at once, through the data plane, without a gateway. */
  | { readonly kind: 'direct'; readonly model: string; readonly waves: number; readonly size: number };

export type Report =
  | { readonly kind: 'ready'; readonly rest: string; readonly grpc: string }
  | { readonly kind: 'tally'; readonly tally: Tally; readonly collections: number }
  | { readonly kind: 'done' };
