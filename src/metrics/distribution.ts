/**
 * Counts of observations per bucket. prom-client's bound children look their labels up on every observation (about
 * 450 ns); this costs about 10, and is turned into a histogram when somebody scrapes.
 */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  /** Observations at or below each bound, ascending; those above the last are only in `count`. */
  cumulative(): { readonly bound: number; readonly count: number }[] {
    let total = 0;
    return this.#bounds.map((bound, index) => {
      total += this.#counts[index] ?? 0;
      return { bound, count: total };
    });
  }
}
