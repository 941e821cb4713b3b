import type { Arena, WindowTimes } from './arena.ts';

/** Load before a window counts, milliseconds: connections and the server's own estimates settle. */
const WARM_UP = 150;

/** No window is shorter, milliseconds; slow models get windows of so many of their medians. */
const SHORTEST = 250;
const SHORTEST_MEDIANS = 6;

/** Weight of the latest window in what windows cost beside their own time. */
const RECENT = 0.2;

/** No window is longer, milliseconds: more of them say more about noise than longer ones. */
const LONGEST = 4000;

/** Shares of the budget until the halving rounds and the final are over; the rest is the duel's. */
const SEARCH_SHARE = 0.55;
const FINAL_SHARE = 0.77;

/** Spends a budget of milliseconds: how long windows may be so that what is still to come fits. */
export class Pace {
  readonly #arena: Arena;
  readonly #start: number;
  readonly #budget: number;
  #shortest = SHORTEST;
  /** What a window costs beside its own time, milliseconds. */
  #overhead = 0;
  #windows = 0;

  constructor(arena: Arena, budget: number) {
    this.#arena = arena;
    this.#start = arena.now();
    this.#budget = budget;
  }

  /** Milliseconds from the start. */
  get searchEnd(): number {
    return this.#budget * SEARCH_SHARE;
  }

  get finalEnd(): number {
    return this.#budget * FINAL_SHARE;
  }

  get end(): number {
    return this.#budget;
  }

  get elapsed(): number {
    return this.#arena.now() - this.#start;
  }

  get share(): number {
    return Math.min(1, this.elapsed / this.#budget);
  }

  /** The first windows; they are not counted. */
  get trial(): WindowTimes {
    return { warmUp: 2 * WARM_UP, duration: SHORTEST };
  }

  /** Notes that a window took so long altogether. */
  note({ warmUp, duration }: WindowTimes, took: number): void {
    const overhead = Math.max(0, took - warmUp - duration);
    this.#overhead = this.#windows === 0 ? overhead : this.#overhead + RECENT * (overhead - this.#overhead);
    this.#windows++;
  }

  /** Makes windows long enough for a model with this median latency, milliseconds. */
  stretch(median: number): void {
    this.#shortest = Math.max(SHORTEST, SHORTEST_MEDIANS * median);
  }

  /** Milliseconds that so many of the shortest windows take. */
  least(windows: number): number {
    return windows * (WARM_UP + this.#shortest + this.#overhead);
  }

  /** Windows of one length, so many of which are over by `end`, as far as the limits let them. */
  window(windows: number, end: number): WindowTimes {
    const each = (end - this.elapsed) / windows - WARM_UP - this.#overhead;
    return { warmUp: WARM_UP, duration: Math.round(Math.min(LONGEST, Math.max(this.#shortest, each))) };
  }
}
