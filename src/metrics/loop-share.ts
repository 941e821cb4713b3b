import { performance } from 'node:perf_hooks';

/** Milliseconds that a share is at least of: of less it says nothing. */
const LEAST = 1000;

/** What the event loop had done by some moment, milliseconds. */
interface LoopTimes {
  readonly active: number;
  readonly idle: number;
}

/** How full the event loop is, from now on. */
export class LoopShare {
  readonly #times: () => LoopTimes;
  #before: LoopTimes;
  #share = 0;

  constructor(times: () => LoopTimes = () => performance.eventLoopUtilization()) {
    this.#times = times;
    this.#before = times();
  }

  /** Share of the time since it was last asked in which the loop was busy, 0 to 1; within a second the same again. */
  read(): number {
    const now = this.#times();
    const active = now.active - this.#before.active;
    const all = active + now.idle - this.#before.idle;
    if (all < LEAST) return this.#share;
    this.#before = now;
    this.#share = active / all;
    return this.#share;
  }
}
