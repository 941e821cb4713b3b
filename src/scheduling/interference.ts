import { FORGETTING } from './latency-fit.ts';

const SMOOTHING = 0.05;
const MOST = 8;
/** What a batch says about other numbers of busy slots than its own: so little that two in turns stay apart. */
const ELSEWHERE = 0.001;

/**
 * How much longer a batch takes than when it was measured alone: sessions share cores, caches and memory with each
 * other, and with what else the machine does. One for all variants of a node, so that what one of them meets the others
 * know; by the number of busy slots, the batch's own included. The ratios are kept as they are, below 1 where the sweep
 * was too slow: what slots do to each other is seen in what is between them.
 */
export class Interference {
  /** Measured over swept, by busy slots. */
  readonly #ratios: number[] = [1, 1];

  /** 1 to 8 alone, and no less beside others. What was never seen is as bad as the fullest that was. */
  factor(busy: number): number {
    const alone = this.#of(1);
    const beside = busy > 1 ? Math.max(this.#of(busy) / alone, 1) : 1;
    return Math.min(Math.max(alone, 1) * beside, MOST);
  }

  /** @param ratio what a batch computed over that of the sweep, in which each size ran alone; above 0 */
  observe(busy: number, ratio: number): void {
    for (let known = this.#ratios.length; known <= busy; known++) this.#ratios.push(this.#of(known - 1));
    const own = this.#of(busy) + SMOOTHING * (ratio - this.#of(busy));
    for (const [other, known] of this.#ratios.entries()) {
      // A bad moment of as many as do not run any more, because of it, is forgotten.
      if (known > own) this.#ratios[other] = known + ELSEWHERE * (own - known);
    }
    this.#ratios[busy] = own;
  }

  /** A batch has run that says nothing about it: what is not measured fades. */
  passed(): void {
    for (const [busy, ratio] of this.#ratios.entries()) this.#ratios[busy] = 1 + FORGETTING * (ratio - 1);
  }

  /** How many slots' worth of work all of them do together. */
  effectiveSlots(slots: number): number {
    return (slots * this.factor(1)) / this.factor(slots);
  }

  #of(busy: number): number {
    return this.#ratios[busy] ?? this.#ratios.at(-1) ?? 1;
  }
}
