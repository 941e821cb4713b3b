import { ArrivalRate } from './arrival-rate.ts';

const MEMORY_MS = 30_000;
/** Milliseconds of missing time that are taken for foreseen and seen before there is any experience. */
const PRIOR = 5;
const LEAST = 0.05;
const MOST = 1.5;

/**
 * How right the foresight has been. Time that was spent on accuracy beyond the cheapest answer is outstanding until the
 * node is idle; a request refused meanwhile was refused for lack of it. What was foreseen to be missing is compared
 * with that, and scales what is foreseen from then on.
 */
export class PremiumRecord {
  readonly #foreseen = new ArrivalRate(MEMORY_MS);
  readonly #missed = new ArrivalRate(MEMORY_MS);
  #outstanding = 0;

  /** @param time node milliseconds spent beyond the cheapest answer @param pressure the share foreseen to be missing */
  spent(time: number, pressure: number, now: number): void {
    if (time <= 0) return;
    this.#outstanding += time;
    this.#foreseen.add(time * pressure, now);
  }

  /** @param work node milliseconds of a request that was refused for lack of time */
  refused(work: number, now: number): void {
    const missed = Math.min(work, this.#outstanding);
    this.#outstanding -= missed;
    this.#missed.add(missed, now);
  }

  /** Everything has been answered: what was spent did no harm. */
  idle(): void {
    this.#outstanding = 0;
  }

  /** What the pressure that is computed is to be multiplied with. */
  correction(now: number): number {
    const seen = this.#missed.recent(now) + PRIOR;
    const foreseen = this.#foreseen.recent(now) + PRIOR;
    return Math.min(Math.max(seen / foreseen, LEAST), MOST);
  }
}
