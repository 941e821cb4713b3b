type Run = <T>(task: () => Promise<T>) => Promise<T>;

/** Runs at most `limit` tasks at a time, in the order they came. */
export function limitConcurrency(limit: number): Run {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // A waiter takes over the place, so that nobody who comes now can overtake it.
      if (next === undefined) running--;
      else next();
    }
  };
}

/** Runs the tasks of one key one after the other; tasks of different keys do not wait for each other. */
export class KeyedMutex {
  readonly #lanes = new Map<string, { readonly run: Run; tasks: number }>();
  readonly #running = new Set<Promise<unknown>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(key) ?? { run: limitConcurrency(1), tasks: 0 };
    this.#lanes.set(key, lane);
    lane.tasks++;
    const running = lane.run(task);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      lane.tasks--;
      if (lane.tasks === 0) this.#lanes.delete(key);
    }
  }

  /** Settles when every task that was accepted until now has ended, well or badly. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
