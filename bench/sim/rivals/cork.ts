import type { Policy, SimBatch, Step } from '../simulate.ts';
import type { SimRequest } from '../workload.ts';
import { longest } from './fixed-window.ts';

const REMEMBERED = 50;
const REFIT_MS = 5000;
const TICK_MS = 1;
const DECAY = 0.95;

/**
 * BentoML's CORK: duration = a n + b fitted over the last batches; a batch stays corked while waiting for one more is
 * expected to shorten the mean wait; the head is given up when it would be late.
 */
export class Cork implements Policy {
  readonly #variant: number;
  readonly #most: number;
  readonly #queue: SimRequest[] = [];
  readonly #seen: { rows: number; latency: number }[] = [];
  #slope: number;
  #fixed: number;
  #fittedAt = 0;
  #meanWait = 0;

  /** @param slope milliseconds per row and @param fixed per batch, until the first fit */
  constructor(variant: number, most: number, slope: number, fixed: number) {
    this.#variant = variant;
    this.#most = most;
    this.#slope = slope;
    this.#fixed = fixed;
  }

  arrive(request: SimRequest): boolean {
    this.#queue.push(request);
    return true;
  }

  next(now: number, freeSlots: number): Step {
    const [head] = this.#queue;
    if (head === undefined) return { kind: 'idle' };
    const rows = Math.min(this.#queue.length, this.#most);
    if (now + this.#slope * rows + this.#fixed > head.deadline) {
      this.#queue.shift();
      return { kind: 'drop', requests: [head] };
    }
    if (freeSlots === 0) return { kind: 'idle' };
    const newest = this.#queue[this.#queue.length - 1] ?? head;
    const corked = rows * (now - newest.acceptedAt + TICK_MS + this.#slope) <= DECAY * this.#meanWait;
    if (corked && rows < this.#most) return { kind: 'wait', until: now + TICK_MS };
    const requests = this.#queue.splice(0, rows);
    const waited = requests.reduce((sum, { acceptedAt }) => sum + now - acceptedAt, 0) / rows;
    this.#meanWait = this.#meanWait * DECAY + waited * (1 - DECAY);
    return { kind: 'run', batch: { variant: this.#variant, requests, length: longest(requests) } };
  }

  ended({ requests }: SimBatch, latency: number, now: number): void {
    this.#seen.push({ rows: requests.length, latency });
    if (this.#seen.length > REMEMBERED) this.#seen.shift();
    if (now - this.#fittedAt < REFIT_MS || this.#seen.length < 3) return;
    this.#fittedAt = now;
    const count = this.#seen.length;
    const meanRows = this.#seen.reduce((sum, { rows }) => sum + rows, 0) / count;
    const mean = this.#seen.reduce((sum, each) => sum + each.latency, 0) / count;
    let spread = 0;
    let joint = 0;
    for (const { rows, latency: each } of this.#seen) {
      spread += (rows - meanRows) ** 2;
      joint += (rows - meanRows) * (each - mean);
    }
    if (spread === 0) return;
    this.#slope = Math.max(joint / spread, 0);
    this.#fixed = Math.max(mean - this.#slope * meanRows, 0);
  }
}
