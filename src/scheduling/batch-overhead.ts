const SMOOTHING = 0.02;
const MOST = 3;

/**
 * How much more node time batches take than their entries were priced at, while there is a backlog to form them from:
 * lengths differ, deadlines are near, priorities stand in the way. Prices are multiplied with it, so that a mix that
 * batches badly is not taken for one that batches well.
 */
export class BatchOverhead {
  #factor = 1;

  get factor(): number {
    return this.#factor;
  }

  /** @param taken node milliseconds of a batch @param priced the demand of its entries, this factor included */
  observe(taken: number, priced: number): void {
    if (!(priced > 0)) return;
    const seen = Math.min((taken / priced) * this.#factor, MOST);
    this.#factor = Math.max(this.#factor + SMOOTHING * (seen - this.#factor), 1);
  }
}
