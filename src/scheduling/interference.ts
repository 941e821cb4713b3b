const SMOOTHING = 0.05;
const MOST = 8;

/**
 * How much longer a batch takes while other slots are busy: sessions share cores, caches and memory. One for all
 * variants of a node, by the number of busy slots, the batch's own included.
 */
export class Interference {
  readonly #factors: number[] = [1, 1];

  /** 1 for a batch that runs alone; what was never seen is as bad as the fullest that was. */
  factor(busy: number): number {
    return this.#factors[busy] ?? this.#factors.at(-1) ?? 1;
  }

  /** @param ratio measured latency over that expected of the batch alone */
  observe(busy: number, ratio: number): void {
    if (busy <= 1) return;
    for (let known = this.#factors.length; known <= busy; known++) this.#factors.push(this.factor(known - 1));
    const before = this.factor(busy);
    this.#factors[busy] = Math.min(Math.max(before + SMOOTHING * (ratio - before), 1), MOST);
  }

  /** How many slots' worth of work all of them do together. */
  effectiveSlots(slots: number): number {
    return slots / this.factor(slots);
  }
}
