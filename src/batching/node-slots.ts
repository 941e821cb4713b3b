/** A thread that is busy for this share of the time has a core to itself. */
const BUSY = 0.8;

/** Milliseconds between two looks at the event loop, and in which most of what was seen before is forgotten. */
const INTERVAL = 50;
const MEMORY = 150;

/**
 * Batches that the node runs at once: one for each core, and one less while the event loop fills a core. A worker that
 * has to share the loop's core makes everybody wait, and keeps batches small.
 */
export class NodeSlots {
  readonly #cores: number;
  readonly #now: () => number;
  readonly #idleTime: () => number;
  #seenAt: number;
  #idle: number;
  /** The share of the time in which the event loop was busy, of late. */
  #busy = 0;

  /** @param idleTime milliseconds for which the event loop has waited for something to do */
  constructor(
    cores: number,
    now = () => performance.now(),
    idleTime = () => performance.eventLoopUtilization().idle,
  ) {
    this.#cores = Math.max(1, cores);
    this.#now = now;
    this.#idleTime = idleTime;
    this.#seenAt = now();
    this.#idle = idleTime();
  }

  get count(): number {
    this.#look();
    return this.#busy < BUSY ? this.#cores : Math.max(1, this.#cores - 1);
  }

  #look(): void {
    const now = this.#now();
    const passed = now - this.#seenAt;
    if (passed < INTERVAL) return;
    const idle = this.#idleTime();
    const busy = 1 - (idle - this.#idle) / passed;
    this.#busy += (1 - Math.exp(-passed / MEMORY)) * (busy - this.#busy);
    this.#seenAt = now;
    this.#idle = idle;
  }
}
