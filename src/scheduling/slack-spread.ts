/** Slacks are told apart in steps of a third, from 1 ms to more than an hour. */
const STEP = Math.log(4 / 3);
const BINS = 56;
const KEPT = 0.998;
const LARGEST = 1e100;

/** How long requests are given from arrival to deadline: a histogram in which the older count less. */
export class SlackSpread {
  readonly #bins = new Float64Array(BINS);
  readonly #sums = new Float64Array(BINS);
  #weight = 1;
  #total = 0;

  add(slack: number): void {
    if (!(slack > 0)) return;
    this.#weight /= KEPT;
    const bin = Math.min(Math.max(Math.round(Math.log(slack) / STEP), 0), BINS - 1);
    this.#bins[bin] = (this.#bins[bin] as number) + this.#weight;
    this.#sums[bin] = (this.#sums[bin] as number) + this.#weight * slack;
    this.#total += this.#weight;
    if (this.#weight > LARGEST) this.#rescale();
  }

  /** The slacks that occur, each with its share of the requests; those of less than a hundredth are left out. */
  shares(): { readonly slack: number; readonly share: number }[] {
    const found: { slack: number; share: number }[] = [];
    for (let bin = 0; bin < BINS; bin++) {
      const weight = this.#bins[bin] as number;
      if (weight < 0.01 * this.#total || weight === 0) continue;
      found.push({ slack: (this.#sums[bin] as number) / weight, share: weight / this.#total });
    }
    return found;
  }

  #rescale(): void {
    for (let bin = 0; bin < BINS; bin++) {
      this.#bins[bin] = (this.#bins[bin] as number) / this.#weight;
      this.#sums[bin] = (this.#sums[bin] as number) / this.#weight;
    }
    this.#total /= this.#weight;
    this.#weight = 1;
  }
}
