/** How often a client has asked in this window of time. */
export interface RequestCount {
  readonly current: number;
  /** Milliseconds until the window ends. */
  readonly ttl: number;
}

/** Counts the requests of each client in windows of one length, one after the other. */
export class RequestCounts {
  readonly #window: number;
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  #end = 0;

  /** @param window milliseconds */
  constructor(window: number, now = () => performance.now()) {
    this.#window = window;
    this.#now = now;
  }

  /** One more of this client. */
  count(client: string): RequestCount {
    const now = this.#now();
    if (now >= this.#end) {
      this.#counts.clear();
      this.#end = now + this.#window;
    }
    const current = (this.#counts.get(client) ?? 0) + 1;
    this.#counts.set(client, current);
    return { current, ttl: this.#end - now };
  }
}
