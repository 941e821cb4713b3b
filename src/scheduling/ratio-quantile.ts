/** Ratios are told apart in steps of 1 %, from 1/2 to 4; those beyond count as the last. */
const STEP = Math.log(1.01);
const LEAST = Math.log(0.5);
const BINS = Math.ceil((Math.log(4) - LEAST) / STEP) + 1;
/** What a measurement counts for once the next has been made: 400 measurements are remembered. */
const KEPT = 0.9975;
/** Weights are brought back before they overflow. */
const LARGEST = 1e100;

/** A quantile of ratios of which the older count less: a histogram whose newer entries weigh more. */
export class RatioQuantile {
  readonly #bins = new Float64Array(BINS);
  #weight = 1;
  #total = 0;

  /** @param count how many measurements this one stands for */
  add(ratio: number, count = 1): void {
    this.#weight /= KEPT;
    const bin = Math.min(Math.max(Math.ceil((Math.log(ratio) - LEAST) / STEP), 0), BINS - 1);
    this.#bins[bin] = (this.#bins[bin] as number) + this.#weight * count;
    this.#total += this.#weight * count;
    if (this.#weight > LARGEST) this.#rescale();
  }

  /** The ratio that a share `q` of the measurements does not exceed (rounded up to a step); 1 without any. */
  quantile(q: number): number {
    if (this.#total === 0) return 1;
    let above = this.#total * (1 - q);
    for (let bin = BINS - 1; bin >= 0; bin--) {
      above -= this.#bins[bin] as number;
      if (above < 0) return Math.exp(LEAST + bin * STEP);
    }
    return Math.exp(LEAST);
  }

  #rescale(): void {
    for (let bin = 0; bin < BINS; bin++) this.#bins[bin] = (this.#bins[bin] as number) / this.#weight;
    this.#total /= this.#weight;
    this.#weight = 1;
  }
}
