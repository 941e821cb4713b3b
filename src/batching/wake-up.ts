import type { Clock } from './clock.ts';

/** Deadlines are looked at this often at most, milliseconds: requests share a tick, none has a timer of its own. */
const DEADLINE_TICK_MS = 5;
/** Timers of Node hold 31 bits of milliseconds; one that fires early finds nothing to do and is set again. */
const LONGEST_MS = 60_000;

/** The one timer of a batcher. Firing early is harmless, so it is moved only when it would fire too late. */
export class WakeUp {
  readonly #clock: Clock;
  readonly #fire: () => void;
  #due = Infinity;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#fire = () => {
      this.#due = Infinity;
      callback();
    };
  }

  /** Fires at `wake`, and within a tick of `deadline`; Infinity for never. */
  at(wake: number, deadline: number): void {
    const target = Math.min(wake, Math.ceil(deadline / DEADLINE_TICK_MS) * DEADLINE_TICK_MS);
    if (target >= this.#due) return;
    const now = this.#clock.now();
    this.#cancel?.();
    this.#due = Math.min(target, now + LONGEST_MS);
    this.#cancel = this.#clock.setTimer(this.#fire, Math.max(this.#due - now, 0));
  }

  stop(): void {
    this.#cancel?.();
    this.#due = Infinity;
  }
}
