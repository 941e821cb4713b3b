import { ArrivalRate } from './arrival-rate.ts';

/** Milliseconds that are forecast, and over which forecasts are compared with what came. */
const WINDOW_MS = 50;
/** Memories of the rates that forecasts are made of, milliseconds. */
const MEMORIES = [100, 400, 2000, 10_000];
/** Weight of the newest window in the errors. */
const SMOOTHING = 0.01;
/** After this many windows without arrivals the past says nothing any more. */
const LONGEST_GAP = 200;
/**
 * More work than this in a millisecond is not counted: it is refused anyway, and its errors would be remembered for
 * long.
 */
const MOST = 2;

/**
 * How much work is to be expected next, and how far off that may be. Rates with several memories compete: each counts
 * the more, the better it has forecast lately, so that steady traffic is averaged for long and bursts are followed at
 * once. Work is in node milliseconds, rates in node milliseconds per millisecond: 1 is what the node can do.
 */
export class DemandForecast {
  readonly #rates = MEMORIES.map((memory) => new ArrivalRate(memory));
  readonly #forecasts = MEMORIES.map(() => 0);
  readonly #errors = MEMORIES.map(() => 0);
  #error = 0;
  #mean = 0;
  #mixed = 0;
  #windowEnd = -Infinity;
  #inWindow = 0;

  add(work: number, now: number): void {
    this.#advance(now);
    const counted = Math.min(work, MOST * WINDOW_MS - this.#inWindow);
    if (counted <= 0) return;
    this.#inWindow += counted;
    for (const rate of this.#rates) rate.add(counted, now);
  }

  /** Work to expect in a millisecond. */
  rate(now: number): number {
    let sum = 0;
    let weights = 0;
    for (const [index, rate] of this.#rates.entries()) {
      const weight = 1 / ((this.#errors[index] as number) ** 2 + 1e-12);
      sum += weight * rate.at(now);
      weights += weight;
    }
    return sum / weights;
  }

  /**
   * Variance of the work that comes around what is expected, per millisecond, at a rate: where less comes than did, there
   * are fewer surprises and none is larger, so that the variance falls with the rate. Never more than was seen.
   */
  dispersion(rate: number): number {
    return (this.#error / WINDOW_MS) * Math.min((rate * WINDOW_MS) / Math.max(this.#mean, 1e-9), 1);
  }

  #advance(now: number): void {
    if (now - this.#windowEnd > LONGEST_GAP * WINDOW_MS) {
      this.#windowEnd = now + WINDOW_MS;
      this.#inWindow = 0;
      return;
    }
    while (now >= this.#windowEnd) {
      this.#learn();
      this.#inWindow = 0;
      for (const [index, rate] of this.#rates.entries()) {
        this.#forecasts[index] = rate.at(this.#windowEnd) * WINDOW_MS;
      }
      this.#mixed = this.rate(this.#windowEnd) * WINDOW_MS;
      this.#windowEnd += WINDOW_MS;
    }
  }

  #learn(): void {
    for (const [index, forecast] of this.#forecasts.entries()) {
      const error = (this.#inWindow - forecast) ** 2;
      const before = this.#errors[index] as number;
      this.#errors[index] = before + SMOOTHING * (error - before);
    }
    this.#mean += SMOOTHING * (this.#inWindow - this.#mean);
    this.#error += SMOOTHING * ((this.#inWindow - this.#mixed) ** 2 - this.#error);
  }
}
