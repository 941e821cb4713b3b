import { ArrivalRate } from './arrival-rate.ts';

const MEMORY_MS = 10_000;

/**
 * The share of events that are of some kind, over about ten seconds. Both counts fade alike, so that their ratio does not
 * tell how old it is: 0 once none of the kind has come for as long.
 */
export class RecentShare {
  readonly #kind = new ArrivalRate(MEMORY_MS);
  readonly #all = new ArrivalRate(MEMORY_MS);
  #last = -Infinity;

  /** @param ofKind how many of the events are of the kind */
  add(events: number, ofKind: number, now: number): void {
    this.#all.add(events, now);
    if (ofKind === 0) return;
    this.#kind.add(ofKind, now);
    this.#last = now;
  }

  at(now: number): number {
    return now - this.#last > MEMORY_MS ? 0 : this.#kind.recent(now) / this.#all.recent(now);
  }
}
