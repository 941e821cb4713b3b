import type { DemandForecast } from './demand-forecast.ts';

/** Requests that are given as much time, and the backlog at which they would be refused. */
export interface RefusalLevel {
  /** Milliseconds. */
  readonly backlog: number;
  /** Of all requests. */
  readonly share: number;
}

/**
 * What the near future asks for: whether time that is spent now will be missing before the queue is empty again.
 * A slot given to a slow variant is not there for what arrives meanwhile.
 */
export class Foresight {
  readonly #rate: number;
  readonly #decay: number;
  readonly #levels: readonly RefusalLevel[];
  readonly #correction: number;

  /** @param correction what experience says the pressure is to be multiplied with */
  constructor(forecast: DemandForecast, levels: readonly RefusalLevel[], correction: number, now: number) {
    const rate = forecast.rate(now);
    this.#rate = rate;
    this.#decay = rate < 1 ? (2 * rate * (1 - rate)) / Math.max(forecast.dispersion(rate), 1e-9) : 0;
    this.#levels = levels;
    this.#correction = correction;
  }

  /**
   * How much of a millisecond spent now will be missing, when there are so many milliseconds of backlog already: 0 none
   * of it, 1 all of it. For each kind of request it is the probability that the backlog grows to the level at
   * which they are refused before it is gone, as for the surplus of an insurer (Cramer and Lundberg): `rate` at the
   * level, and exponentially less below it. Above the level what arrives until it is reached again is lost.
   */
  pressure(backlog: number): number {
    if (this.#rate >= 1) return 1;
    let sum = 0;
    for (const { backlog: level, share } of this.#levels) {
      const above = Math.min(this.#rate / (1 - this.#rate * (1 - share)), 1);
      sum += share * (backlog >= level ? above : this.#rate * Math.exp(-this.#decay * (level - backlog)));
    }
    return Math.min(sum * this.#correction, 1);
  }
}
