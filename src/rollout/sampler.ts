/** Takes a share of what it is asked about, at random: a fixed step could fall in with a rhythm of the traffic. */
export class Sampler {
  readonly #share: number;
  readonly #random: () => number;

  /** @param random numbers in [0, 1) */
  constructor(share: number, random: () => number) {
    this.#share = share;
    this.#random = random;
  }

  next(): boolean {
    return this.#share >= 1 || (this.#share > 0 && this.#random() < this.#share);
  }
}
