/** One pool's place in the budget. */
export interface Seat {
  /** Cores that one batch of the pool takes. */
  readonly threads: number;
  readonly wake: () => void;
  /** Pools of one version take turns as one; a pool without stands alone. */
  readonly version: string | undefined;
}

/**
 * Cores, shared by all pools: running batches times their intra-op threads never exceed them, but for a batch that began
 * alone and has all of them until it ends. Pools that asked in vain are woken in the order in which they asked, one
 * batch each, or one for all pools of a version: any of these may take it, so that the scheduler chooses the variant.
 */
export class ComputeBudget {
  readonly cores: number;
  #free: number;
  /** In the order in which they asked. Whoever waits was refused while something ran, so a core will come back. */
  readonly #waiting = new Set<Seat>();
  /** Those that had a turn and started nothing, while turns are given. */
  readonly #passed = new Set<Seat>();
  #turn: Seat | undefined;
  #crowded = false;

  constructor(cores: number) {
    this.cores = Math.max(1, cores);
    this.#free = this.cores;
  }

  /**
   * @param threads cores that one batch of the pool takes
   * @param wake called when the pool's turn has come; it starts what it has before it returns
   * @param version names the version that the pool is a variant of
   */
  join(threads: number, wake: () => void, version?: string): Seat {
    return { threads: Math.min(Math.max(1, threads), this.cores), wake, version };
  }

  /** Batches that may start now. When there is none, the seat will be woken, unless it has just let its turn pass. */
  available(seat: Seat): number {
    const startable = Math.max(0, Math.floor(this.#free / seat.threads));
    const allowed = this.#othersWait(seat) ? Math.min(startable, this.#hasTurn(seat) ? 1 : 0) : startable;
    if (allowed === 0 && !this.#passed.has(seat)) this.#waiting.add(seat);
    return allowed;
  }

  /**
   * Whether a batch can start that nobody waits for: no pool waits for a core, and one is left for whoever comes next,
   * unless a batch takes all there are and nothing runs. Unlike `available`, asking books nothing.
   */
  spare({ threads }: Seat): boolean {
    if (this.#waiting.size > 0 || this.crowded) return false;
    return this.#free > threads || this.#free === this.cores;
  }

  /** Whether a core is left for one more batch of the pool, and no pool waits for it. Asking books nothing. */
  left({ threads }: Seat): boolean {
    return this.#waiting.size === 0 && !this.crowded && this.#free >= threads;
  }

  /** Whether no batch of any pool runs. */
  get idle(): boolean {
    return this.#free === this.cores;
  }

  /** Whether a batch runs that has all cores: whatever runs beside it has to share them. */
  get crowded(): boolean {
    return this.#crowded;
  }

  /** A batch that found nothing else running begins with all cores, of which its seat counts for fewer. */
  takeAll(): void {
    this.#crowded = true;
  }

  giveAll(): void {
    this.#crowded = false;
  }

  /** Whether another pool waits for a core, of the same version or not. */
  contended(seat: Seat): boolean {
    return this.#waiting.size > (this.#waiting.has(seat) ? 1 : 0);
  }

  take(seat: Seat): void {
    if (this.#hasTurn(seat)) this.#turn = undefined;
    this.#waiting.delete(seat);
    this.#free -= seat.threads;
  }

  give(seat: Seat): void {
    this.#free += seat.threads;
    this.#offer();
  }

  leave(seat: Seat): void {
    if (this.#waiting.delete(seat)) this.#offer();
  }

  #hasTurn(seat: Seat): boolean {
    return this.#turn !== undefined && takeTurnsAsOne(this.#turn, seat);
  }

  /** Whether a pool waits that takes turns with this one. */
  #othersWait(seat: Seat): boolean {
    for (const each of this.#waiting) if (!takeTurnsAsOne(each, seat)) return true;
    return false;
  }

  /**
   * Wakes the waiting, first come first, until no core is left; the head is not overtaken by one that needs fewer.
   * Whoever took a core and asks for another waits at the end. Whoever let its turn pass waits no more: it asks again
   * when it wants to run, and nobody else has to stand behind it.
   */
  #offer(): void {
    for (const seat of this.#waiting) {
      if (this.#free < seat.threads) break;
      this.#waiting.delete(seat);
      this.#turn = seat;
      seat.wake();
      if (this.#turn === seat) this.#passed.add(seat);
      else this.#toTheEnd(seat);
      this.#turn = undefined;
    }
    this.#passed.clear();
  }

  /** The others of a version that had its turn; they are not forgotten, as they may have queues of their own. */
  #toTheEnd(seat: Seat): void {
    for (const each of [...this.#waiting].filter((other) => takeTurnsAsOne(other, seat))) {
      this.#waiting.delete(each);
      this.#waiting.add(each);
    }
  }
}

/** A pool that needs more cores than others of its version has to wait for them by itself. */
const takeTurnsAsOne = (one: Seat, other: Seat): boolean =>
  one === other ||
  (one.version !== undefined && one.version === other.version && one.threads === other.threads);
