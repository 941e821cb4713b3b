/**
 * Counts of what happened lately: the generation that fills up and the one before it. A fault of today is not
 * diluted by what went well for weeks.
 */
export class RecentCounts {
  /** Of both generations. */
  readonly totals: Float64Array;
  #current: Float64Array;
  #previous: Float64Array;

  constructor(size: number) {
    this.totals = new Float64Array(size);
    this.#current = new Float64Array(size);
    this.#previous = new Float64Array(size);
  }

  /** Of the generation that fills up. */
  current(index: number): number {
    return this.#current[index] ?? 0;
  }

  total(index: number): number {
    return this.totals[index] ?? 0;
  }

  add(index: number, amount = 1): void {
    this.#current[index] = this.current(index) + amount;
    this.totals[index] = this.total(index) + amount;
  }

  /** Begins a new generation and forgets the one before the last. */
  rotate(): void {
    const gone = this.#previous;
    for (const [index, amount] of gone.entries()) this.totals[index] = this.total(index) - amount;
    this.#previous = this.#current;
    this.#current = gone.fill(0);
  }
}
