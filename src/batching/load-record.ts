import type { SlottedRunner } from '../inference/runner.ts';
import { ArrivalRate } from '../scheduling/arrival-rate.ts';

const MEMORY_MS = 10_000;

/** What a bounded queue took and refused over about ten seconds: how full it is. */
export class LoadRecord {
  readonly #taken = new ArrivalRate(MEMORY_MS);
  readonly #refused = new ArrivalRate(MEMORY_MS);
  #refusedAt = -Infinity;

  taken(now: number): void {
    this.#taken.add(1, now);
  }

  refused(now: number): void {
    this.#refused.add(1, now);
    this.#refusedAt = now;
  }

  /** Share of the slots that are busy; above 1, by the share that was refused, until ten seconds after a refusal. */
  saturation(now: number, { running, concurrency }: SlottedRunner): number {
    // Both counts fade alike: their ratio alone would never forget the last refusal.
    if (now - this.#refusedAt > MEMORY_MS) return Math.min(running / Math.max(concurrency, 1), 1);
    const refused = this.#refused.recent(now);
    return 1 + refused / (refused + this.#taken.recent(now));
  }
}
