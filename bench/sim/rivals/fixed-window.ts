import type { Policy, Step } from '../simulate.ts';
import type { SimRequest } from '../workload.ts';

export interface WindowSettings {
  readonly variant: number;
  readonly size: number;
  /** Milliseconds that a batch that is not full waits for more. */
  readonly delay: number;
  /** Requests that may wait. */
  readonly bound: number;
}

/**
 * First in, first out, up to a size, after a delay: what Triton and TensorFlow Serving are set to. Size 1: no batching.
 */
export class FixedWindow implements Policy {
  readonly #settings: WindowSettings;
  readonly #queue: SimRequest[] = [];
  #head = 0;

  constructor(settings: WindowSettings) {
    this.#settings = settings;
  }

  arrive(request: SimRequest): boolean {
    if (this.#queue.length - this.#head >= this.#settings.bound) return false;
    this.#queue.push(request);
    return true;
  }

  next(now: number, freeSlots: number): Step {
    const { size, delay, variant } = this.#settings;
    const waiting = this.#queue.length - this.#head;
    const oldest = this.#queue[this.#head];
    if (freeSlots === 0 || oldest === undefined) return { kind: 'idle' };
    const until = oldest.acceptedAt + delay;
    if (waiting < size && now < until) return { kind: 'wait', until };
    const requests = this.#queue.slice(this.#head, this.#head + size);
    this.#head += requests.length;
    if (this.#head > 4096) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    return { kind: 'run', batch: { variant, requests, length: longest(requests) } };
  }
}

/** What a batch is padded to by a batcher that does not look at lengths. */
export const longest = (requests: readonly SimRequest[]): number =>
  requests.reduce((most, { tokens }) => Math.max(most, tokens), 1);
