import type { Node, Policy, Step } from '../simulate.ts';
import type { SimRequest } from '../workload.ts';
import { longest } from './fixed-window.ts';

/**
 * Nexus' early drop: earliest deadline first, and the batch size that gives most answers on time in a millisecond, the
 * heads that would be late in it given up. It is told the true mean latencies. Nothing is refused at arrival.
 */
export class SlidingDrop implements Policy {
  readonly #node: Node;
  readonly #variant: number;
  readonly #most: number;
  readonly #queue: SimRequest[] = [];

  constructor(node: Node, variant: number, most: number) {
    this.#node = node;
    this.#variant = variant;
    this.#most = most;
  }

  arrive(request: SimRequest): boolean {
    let place = this.#queue.length;
    while (place > 0 && (this.#queue[place - 1]?.deadline ?? 0) > request.deadline) place -= 1;
    this.#queue.splice(place, 0, request);
    return true;
  }

  next(now: number, freeSlots: number): Step {
    const variant = this.#node.variants[this.#variant];
    if (variant === undefined) return { kind: 'idle' };
    const alive = this.#queue.findIndex(
      ({ deadline, tokens }) => now + variant.latency(1, tokens) <= deadline,
    );
    const dead = this.#queue.splice(0, alive < 0 ? this.#queue.length : alive);
    if (dead.length > 0) return { kind: 'drop', requests: dead };
    if (freeSlots === 0 || this.#queue.length === 0) return { kind: 'idle' };
    let best: { from: number; rows: number; score: number } | undefined;
    for (let rows = 1; rows <= Math.min(this.#most, this.#queue.length); rows++) {
      let from = 0;
      let latency = variant.latency(rows, longest(this.#queue.slice(0, rows)));
      while (from < this.#queue.length && now + latency > (this.#queue[from]?.deadline ?? 0)) {
        from += 1;
        latency = variant.latency(rows, longest(this.#queue.slice(from, from + rows)));
      }
      if (from + rows > this.#queue.length) continue;
      const score = (rows - from) / latency;
      if (best === undefined || score > best.score) best = { from, rows, score };
    }
    const { from, rows } = best ?? { from: 0, rows: 1 };
    const late = this.#queue.splice(0, from);
    if (late.length > 0) return { kind: 'drop', requests: late };
    const requests = this.#queue.splice(0, rows);
    return { kind: 'run', batch: { variant: this.#variant, requests, length: longest(requests) } };
  }
}
