import type { Clock } from './clock.ts';

/** Milliseconds after which a measurement counts for a third. */
const MEMORY_MS = 5000;
const LEAST_SECONDS = 1;
const MOST_SECONDS = 60;

/**
 * How fast a queue empties while something waits in it, as an exponentially decayed mean. What goes straight through
 * says nothing about that and is not counted.
 */
export class DrainRate {
  readonly #clock: Clock;
  #entries = 0;
  #time = 0;
  /** When something last left the backlog, or the backlog began; undefined while there is none. */
  #since: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Told after each change whether entries wait. */
  backlog(waiting: boolean): void {
    if (!waiting) this.#since = undefined;
    else this.#since ??= this.#clock.now();
  }

  drained(entries: number, now: number): void {
    if (this.#since === undefined) return;
    const elapsed = now - this.#since;
    const kept = Math.exp(-elapsed / MEMORY_MS);
    this.#entries = this.#entries * kept + entries;
    this.#time = this.#time * kept + elapsed;
    this.#since = now;
  }

  /**
   * Whole seconds until `entries` will have left at this rate, the time since the last one left counted in: 1 to 60.
   */
  secondsToClear(entries: number): number {
    if (this.#entries === 0 || this.#since === undefined) return LEAST_SECONDS;
    const time = this.#time + this.#clock.now() - this.#since;
    const seconds = Math.ceil((entries * time) / this.#entries / 1000);
    return Math.min(Math.max(seconds, LEAST_SECONDS), MOST_SECONDS);
  }
}
