interface Waiting {
  readonly first: boolean;
  readonly begin: () => void;
}

/**
 * The order in which variants are opened while the server starts: those that answer for their models before all
 * others, so that every model answers as soon as it can. Later on whoever comes is opened at once.
 */
export class LoadTurns {
  readonly #most: number;
  #waiting: Waiting[] = [];
  #running = 0;
  #runningFirst = 0;
  #ordered = true;

  /** @param most variants that are opened at the same time */
  constructor(most: number) {
    this.#most = most;
  }

  async run<Result>(first: boolean, open: () => Promise<Result>): Promise<Result> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ first, begin });
      this.#admit();
    });
    try {
      return await open();
    } finally {
      this.#running -= 1;
      if (first) this.#runningFirst -= 1;
      this.#admit();
    }
  }

  /** The start is over. */
  end(): void {
    this.#ordered = false;
    this.#admit();
  }

  #admit(): void {
    const waiting = this.#waiting.toSorted((a, b) => Number(b.first) - Number(a.first));
    this.#waiting = [];
    for (const each of waiting) {
      if (this.#ordered && !this.#mayBegin(each.first)) {
        this.#waiting.push(each);
        continue;
      }
      this.#running += 1;
      if (each.first) this.#runningFirst += 1;
      each.begin();
    }
  }

  #mayBegin(first: boolean): boolean {
    if (this.#running >= this.#most) return false;
    return first || this.#runningFirst === 0;
  }
}
