/**
 * When requests arrived, as well as can be known: they wait in their sockets while the event loop is busy, and are all
 * read when it comes round. Whatever is read in one turn had arrived when the turn began; where the loop has had no
 * idle moment since the turn before began, on average half of that one ago.
 */
export class Arrivals {
  readonly #idleTime: () => number;
  readonly #turnEnd: (callback: () => void) => void;
  #arrived: number | undefined;
  #turnBegan = 0;
  #idle = -1;

  /** @param idleTime milliseconds for which the event loop has waited for something to do */
  constructor(
    idleTime = () => performance.eventLoopUtilization().idle,
    turnEnd: (callback: () => void) => void = setImmediate,
  ) {
    this.#idleTime = idleTime;
    this.#turnEnd = turnEnd;
  }

  /** Of a request that is being read at `now`; milliseconds on the same clock. */
  at(now: number): number {
    if (this.#arrived !== undefined) return this.#arrived;
    const idle = this.#idleTime();
    this.#arrived = idle === this.#idle ? (this.#turnBegan + now) / 2 : now;
    this.#idle = idle;
    this.#turnBegan = now;
    this.#turnEnd(() => {
      this.#arrived = undefined;
    });
    return this.#arrived;
  }
}
