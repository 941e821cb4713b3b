/** Ratios are told apart in steps of 1 %, from 1/2 to 4; those beyond count as the last. */
const STEP = Math.log(1.01);
const LEAST = Math.log(0.5);
const BINS = Math.ceil((Math.log(4) - LEAST) / STEP) + 1;
/** What a measurement counts for once the next has been made: 400 measurements are remembered. */
const KEPT = 0.9975;
/** Weights are brought back before they overflow. */
const LARGEST = 1e100;

/** Tukey's outer fence: so many interquartile ranges above the upper quartile (Exploratory Data Analysis, 1977). */
const FENCE = 3;
/** Steps that are no outlier in any case: runs that are all alike have no range to speak of. */
const LEAST_FENCE = Math.log(1.25) / STEP;
/** So many outliers in a row are none: the machine has become slower. */
const CHANGED = 3;

/** Where the first guess lies, in standard deviations: its quartiles are those of a normal distribution, its end is the 99 % quantile. */
const GUESS = [-1.5, -0.7, 0, 0.7, 1.5, 2.33];

/**
 * A quantile of ratios of which the older count less: a histogram whose newer entries weigh more. Outliers are left out,
 * up to a quarter of all: a run that was held up by something else on the machine says nothing about the next one. While
 * there is one after the other they are not.
 */
export class RatioQuantile {
  readonly #bins = new Float64Array(BINS);
  #weight = 1;
  #total = 0;
  /** The last bin that is no outlier, as of the last look. */
  #fence = BINS - 1;
  #outliersInARow = 0;

  /** @param guess the 99 % quantile as long as little is measured, at least 1 */
  constructor(guess: number) {
    const last = GUESS[GUESS.length - 1] as number;
    for (const deviations of GUESS) this.add(guess ** (deviations / last));
  }

  add(ratio: number): void {
    this.#weight /= KEPT;
    const bin = Math.min(Math.max(Math.ceil((Math.log(ratio) - LEAST) / STEP), 0), BINS - 1);
    this.#bins[bin] = (this.#bins[bin] as number) + this.#weight;
    this.#total += this.#weight;
    this.#outliersInARow = bin > this.#fence ? this.#outliersInARow + 1 : 0;
    if (this.#weight > LARGEST) this.#rescale();
  }

  /** The ratio that a share `q` of the measurements that are no outliers does not exceed, rounded up to a step. */
  quantile(q: number): number {
    const upper = this.#binBelow(this.#total / 4, BINS - 1);
    const lower = this.#binBelow((this.#total * 3) / 4, BINS - 1);
    const range = Math.max(FENCE * (upper - lower), LEAST_FENCE);
    this.#fence = Math.min(Math.floor(upper + range), BINS - 1);
    const fence = this.#outliersInARow < CHANGED ? this.#fence : BINS - 1;
    let outliers = 0;
    for (let bin = BINS - 1; bin > fence; bin--) outliers += this.#bins[bin] as number;
    return Math.exp(LEAST + this.#binBelow((this.#total - outliers) * (1 - q), fence) * STEP);
  }

  /** The bin in which the upper ones, from `from` downwards, have come to weigh more than `weight`. */
  #binBelow(weight: number, from: number): number {
    let left = weight;
    for (let bin = from; bin > 0; bin--) {
      left -= this.#bins[bin] as number;
      if (left < 0) return bin;
    }
    return 0;
  }

  #rescale(): void {
    for (let bin = 0; bin < BINS; bin++) this.#bins[bin] = (this.#bins[bin] as number) / this.#weight;
    this.#total /= this.#weight;
    this.#weight = 1;
  }
}
