import type { Clock } from './clock.ts';

/**
 * What a batcher does when a turn of the event loop ends: it starts batches, so that requests that arrive in one turn
 * share one and the first of a wave does not run alone; and then, while they run, what nobody waits for.
 */
export class BatcherTurn {
  readonly #clock: Clock;
  readonly #start: () => void;
  readonly #onEnd = (): void => this.#ended();
  readonly #later: (() => void)[] = [];
  #asked = false;
  #due = false;

  constructor(clock: Clock, start: () => void) {
    this.#clock = clock;
    this.#start = start;
  }

  /** Calls `start` when this turn ends, once. */
  ask(): void {
    this.#asked = true;
    this.#wait();
  }

  /** Calls `task` when this turn ends, after `start`: answers that this thread sends in this turn leave before. */
  after(task: () => void): void {
    this.#later.push(task);
    this.#wait();
  }

  #wait(): void {
    if (this.#due) return;
    this.#due = true;
    this.#clock.turnEnd(this.#onEnd);
  }

  #ended(): void {
    this.#due = false;
    if (this.#asked) {
      this.#asked = false;
      this.#start();
    }
    // One array for all turns, emptied: where each has its own, one that the collector has aged keeps what it held.
    for (const task of this.#later.splice(0)) task();
  }
}
