import { ArrivalRate } from './arrival-rate.ts';
import { DemandForecast } from './demand-forecast.ts';
import type { Demand } from './entry.ts';
import type { Price } from './price-list.ts';
import { SlackSpread } from './slack-spread.ts';

const FAST_MS = 250;
const SLOW_MS = 10_000;
const MOST_LEVELS = 8;

/** What has been asked lately, accepted or not: how much, how urgent, how long. */
export class DemandRates {
  readonly #rows = new ArrivalRate(FAST_MS);
  readonly forecast = new DemandForecast();
  readonly #slow = new ArrivalRate(SLOW_MS);
  readonly #byPriority = Array.from({ length: MOST_LEVELS }, () => new ArrivalRate(SLOW_MS / 4));
  readonly slacks = new SlackSpread();

  arrived(demand: Demand, price: Price, now: number): void {
    const work = demand.rows * price.unit;
    this.#rows.add(demand.rows, now);
    this.forecast.add(work, now);
    this.#slow.add(work, now);
    this.#byPriority[levelOf(demand.priority)]?.add(work, now);
    this.slacks.add(demand.deadline - demand.acceptedAt);
  }

  /** Rows per millisecond over the last quarter of a second. */
  rows(now: number): number {
    return this.#rows.at(now);
  }

  /** Share of the node that the demand of the last ten seconds takes on its cheapest lanes; may exceed 1. */
  utilisation(now: number): number {
    return this.#slow.at(now);
  }

  /** Share of the node that is asked for with a higher priority. */
  above(priority: number, now: number): number {
    let sum = 0;
    for (let level = 0; level < levelOf(priority); level++) sum += this.#byPriority[level]?.at(now) ?? 0;
    return sum;
  }
}

const levelOf = (priority: number): number => Math.min(Math.max(priority, 1), MOST_LEVELS) - 1;
