/** A rate is not extrapolated from less than this share of the memory. */
const LEAST_KNOWN = 0.2;

/**
 * Events per millisecond, as a mean in which older time counts exponentially less. It also falls while nothing
 * arrives. The first event starts the clock and is not counted in the rate.
 */
export class ArrivalRate {
  readonly #memory: number;
  #count = 0;
  #at = 0;
  #first = 0;
  #since: number | undefined;

  /** @param memory milliseconds after which an event counts for a third */
  constructor(memory: number) {
    this.#memory = memory;
  }

  add(count: number, now: number): void {
    if (this.#since === undefined) {
      this.#since = now;
      this.#first = count;
    }
    this.#count = this.recent(now) + count;
    this.#at = now;
  }

  at(now: number): number {
    if (this.#since === undefined) return 0;
    const left = Math.exp(Math.min(this.#since - now, 0) / this.#memory);
    const counted = Math.max(this.recent(now) - this.#first * left, 0);
    return counted / this.#memory / Math.max(1 - left, LEAST_KNOWN);
  }

  /** What was counted, the older the less. */
  recent(now: number): number {
    if (this.#count === 0) return 0;
    return this.#count * Math.exp(-Math.max(now - this.#at, 0) / this.#memory);
  }
}
