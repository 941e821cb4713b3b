import { FreeTimes } from './free-times.ts';

/** A batch that runs. */
export interface Running {
  readonly startedAt: number;
  /** When it ends at the latest, by its bound. */
  readonly endsBy: number;
  /** Slots that ran when it started, its own included. */
  readonly busy: number;
}

/** The slots of a node: how many batches run, and when the next ones can start. */
export class Slots {
  readonly count: number;
  readonly #running = new Set<Running>();

  constructor(count: number) {
    this.count = Math.max(1, count);
  }

  get busy(): number {
    return this.#running.size;
  }

  start(now: number, bound: number): Running {
    const running = { startedAt: now, endsBy: now + bound, busy: this.#running.size + 1 };
    this.#running.add(running);
    return running;
  }

  end(running: Running): void {
    this.#running.delete(running);
  }

  /** A batch that is overdue is expected at any moment. */
  freeTimes(now: number): FreeTimes {
    const times: number[] = [];
    for (let free = this.count - this.#running.size; free > 0; free--) times.push(now);
    for (const { endsBy } of this.#running) times.push(Math.max(endsBy, now));
    return new FreeTimes(times);
  }
}
