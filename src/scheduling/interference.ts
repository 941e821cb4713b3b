import { FORGETTING } from './latency-fit.ts';

const SMOOTHING = 0.05;
const MOST = 8;

/**
 * How much longer a batch takes than when it was measured alone: sessions share cores, caches and memory with each
 * other, and with what else the machine does. One for all variants of a node, so that what one of them meets the others
 * know; by the number of busy slots, the batch's own included.
 */
export class Interference {
  readonly #factors: number[] = [1, 1];

  /** What was never seen is as bad as the fullest that was. */
  factor(busy: number): number {
    return this.#factors[busy] ?? this.#factors.at(-1) ?? 1;
  }

  /** @param ratio measured latency over that of the sweep, in which each size ran alone */
  observe(busy: number, ratio: number): void {
    for (let known = this.#factors.length; known <= busy; known++) this.#factors.push(this.factor(known - 1));
    const before = this.factor(busy);
    this.#factors[busy] = Math.min(Math.max(before + SMOOTHING * (ratio - before), 1), MOST);
  }

  /** A batch has run that says nothing about it: what is not measured fades. */
  passed(): void {
    for (const [busy, factor] of this.#factors.entries()) this.#factors[busy] = 1 + FORGETTING * (factor - 1);
  }

  /** How many slots' worth of work all of them do together. */
  effectiveSlots(slots: number): number {
    return (slots * this.factor(1)) / this.factor(slots);
  }
}
