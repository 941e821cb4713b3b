export interface SojournOptions {
  /** Longest wait that is accepted in a standing queue, milliseconds. */
  readonly target: number;
  /** A queue that was not empty for this long stands; milliseconds. Also the longest wait before that. */
  readonly interval: number;
}

/**
 * How long a request without a deadline may have to wait, after CoDel: a burst may fill the queue for an interval; a
 * queue that never empties is kept short, because waiting in it buys nothing.
 */
export class SojournBound {
  readonly #options: SojournOptions;
  #emptyAt = -Infinity;

  constructor(options: SojournOptions) {
    this.#options = options;
  }

  /** Told when nothing waits. */
  empty(now: number): void {
    this.#emptyAt = now;
  }

  /** Milliseconds of waiting to accept at most. */
  limit(now: number): number {
    const { target, interval } = this.#options;
    return now - this.#emptyAt > interval ? target : interval;
  }
}
