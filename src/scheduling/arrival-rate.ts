/**
 * Events per millisecond, as a mean in which older time counts exponentially less. It also falls while nothing
 * arrives.
 */
export class ArrivalRate {
  readonly #memory: number;
  #rate = 0;
  #at = -Infinity;

  /** @param memory milliseconds after which an event counts for a third */
  constructor(memory: number) {
    this.#memory = memory;
  }

  add(count: number, now: number): void {
    this.#rate = this.at(now) + count / this.#memory;
    this.#at = now;
  }

  at(now: number): number {
    if (this.#rate === 0) return 0;
    return this.#rate * Math.exp(-Math.max(now - this.#at, 0) / this.#memory);
  }
}
