/** Milliseconds in which most of what was seen before is forgotten. */
const MEMORY = 250;

/** The share of the newest batch in the mean of how long they take. */
const NEWEST = 0.1;

/** Mean of a level that changes, in which older time counts exponentially less. */
class RecentMean {
  #level = 0;
  #mean = 0;
  #at = 0;

  change(by: number, now: number): void {
    this.#mean = this.at(now);
    this.#at = now;
    this.#level += by;
  }

  at(now: number): number {
    return this.#level + (this.#mean - this.#level) * Math.exp(-Math.max(now - this.#at, 0) / MEMORY);
  }
}

/** Cores that versions hold, and core milliseconds of a batch of each that has something to do. */
class Use {
  readonly cores = new RecentMean();
  readonly turns = new RecentMean();

  change(cores: number, turns: number, now: number): void {
    this.cores.change(cores, now);
    this.turns.change(turns, now);
  }
}

/** The versions that share the cores of a node. */
export class NodeShares {
  readonly #all = new Use();

  join(): NodeShare {
    return new NodeShare(this.#all);
  }
}

/**
 * What one version can count on beside the others: what they have left of late, but at least what is due to it. Cores
 * are given to those that wait in turn, a batch each, so that is its batches' part of the time that a round takes.
 */
export class NodeShare {
  readonly #all: Use;
  readonly #own = new Use();
  #cores = 0;
  #turn = 0;
  /** Mean core milliseconds of a batch; 0 before the first. */
  #duration = 0;

  constructor(all: Use) {
    this.#all = all;
  }

  /** @param cores that its batches take now @param active it runs or waits */
  holds(cores: number, active: boolean, now: number): void {
    const turn = active ? this.#duration : 0;
    this.#own.change(cores - this.#cores, turn - this.#turn, now);
    this.#all.change(cores - this.#cores, turn - this.#turn, now);
    this.#cores = cores;
    this.#turn = turn;
  }

  /** A batch of it took so many core milliseconds. */
  ran(duration: number): void {
    this.#duration += (this.#duration === 0 ? 1 : NEWEST) * (duration - this.#duration);
  }

  /** Of so many slots of the node, those that it can count on. Not always a whole number. */
  of(slots: number, now: number): number {
    const others = this.#all.turns.at(now) - this.#own.turns.at(now);
    if (!(others > 0)) return slots;
    const used = this.#all.cores.at(now) - this.#own.cores.at(now);
    const own = this.#duration === 0 ? others : this.#duration;
    return Math.min(Math.max(slots - used, (slots * own) / (own + others)), slots);
  }
}
