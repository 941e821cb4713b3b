import type { Policy, SimBatch, Step } from '../simulate.ts';
import type { SimRequest } from '../workload.ts';
import { longest } from './fixed-window.ts';

const BACK_OFF = 0.9;

/**
 * The batch size that Clipper adapts: one more while a full batch is quick enough, a tenth less when one is not. What
 * is too late is not run.
 */
export class Aimd implements Policy {
  readonly #variant: number;
  readonly #most: number;
  /** Milliseconds that a batch may take. */
  readonly #goal: number;
  readonly #queue: SimRequest[] = [];
  #size = 1;

  constructor(variant: number, most: number, goal: number) {
    this.#variant = variant;
    this.#most = most;
    this.#goal = goal;
  }

  arrive(request: SimRequest): boolean {
    this.#queue.push(request);
    return true;
  }

  next(now: number, freeSlots: number): Step {
    const alive = this.#queue.findIndex(({ deadline }) => deadline > now);
    const late = this.#queue.splice(0, alive < 0 ? this.#queue.length : alive);
    if (late.length > 0) return { kind: 'drop', requests: late };
    if (freeSlots === 0 || this.#queue.length === 0) return { kind: 'idle' };
    const requests = this.#queue.splice(0, Math.max(1, Math.floor(this.#size)));
    return { kind: 'run', batch: { variant: this.#variant, requests, length: longest(requests) } };
  }

  ended({ requests }: SimBatch, latency: number): void {
    if (latency > this.#goal) this.#size = Math.max(1, this.#size * BACK_OFF);
    else if (requests.length >= Math.floor(this.#size)) this.#size = Math.min(this.#size + 1, this.#most);
  }
}
