/** What batches share: how many may run at once, as things are. */
export interface SharedSlots {
  readonly count: number;
  /** A batch computed for so many milliseconds. */
  ran(milliseconds: number): void;
}

/** A thread that is busy for this share of the time has a core to itself. */
const BUSY = 0.8;
/**
 * One core less is enough where workers compute for no more than the first share of the time of all cores, a part of
 * which they wait for the loop; and, once they have one less, for no more than the second share of the time of those.
 */
const LITTLE = 0.65;
const FULL = 0.9;

/** Milliseconds between two looks, and those in which most of what was seen before is forgotten. */
const INTERVAL = 50;
const LOOP_MEMORY = 150;
const COMPUTE_MEMORY = 500;

/**
 * Batches that the node runs at once: one for each core. One less while the event loop fills a core and the others are
 * enough for what there is to compute: a worker that has to share the loop's core makes everybody wait, and keeps
 * batches small. Where computing needs all cores it gets them.
 */
export class NodeSlots implements SharedSlots {
  readonly #cores: number;
  readonly #now: () => number;
  readonly #idleTime: () => number;
  #seenAt: number;
  #idle: number;
  #computed = 0;
  /** The share of the time in which the event loop was busy, of late, and how many workers were. */
  #busy = 0;
  #computing = 0;
  #spares = false;

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
    return this.#spares ? Math.max(1, this.#cores - 1) : this.#cores;
  }

  ran(milliseconds: number): void {
    this.#computed += milliseconds;
  }

  #look(): void {
    const now = this.#now();
    const passed = now - this.#seenAt;
    if (passed < INTERVAL) return;
    const idle = this.#idleTime();
    const busy = 1 - (idle - this.#idle) / passed;
    this.#busy += (1 - Math.exp(-passed / LOOP_MEMORY)) * (busy - this.#busy);
    const computing = this.#computed / passed;
    this.#computing += (1 - Math.exp(-passed / COMPUTE_MEMORY)) * (computing - this.#computing);
    this.#computed = 0;
    this.#seenAt = now;
    this.#idle = idle;
    const most = this.#spares ? (this.#cores - 1) * FULL : this.#cores * LITTLE;
    this.#spares = this.#busy >= BUSY && this.#computing <= most;
  }
}
