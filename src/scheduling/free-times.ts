/** When the slots of a node are free, and where a given amount of work would end if it filled them evenly. */
export class FreeTimes {
  /** Ascending, milliseconds. */
  readonly #times: readonly number[];
  readonly first: number;
  readonly mean: number;

  /** @param times one for each slot, at least one; in any order */
  constructor(times: readonly number[]) {
    this.#times = ascending(times) ? times : times.toSorted((a, b) => a - b);
    this.first = this.#times[0] ?? 0;
    let sum = 0;
    for (const time of this.#times) sum += time;
    this.mean = sum / Math.max(this.#times.length, 1);
  }

  /** The times after the slot that is free first has been taken until `end`. */
  occupied(end: number): FreeTimes {
    return new FreeTimes([...this.#times.slice(1), end]);
  }

  /**
   * When the next slot is free after `work` has been done.
   * @param work milliseconds of the whole node; at most 0 for none
   */
  level(work: number): number {
    if (work <= 0) return this.first;
    const times = this.#times;
    const last = times[times.length - 1] as number;
    if (this.mean + work >= last) return this.mean + work;
    const total = work * times.length;
    let sum = 0;
    for (const [index, time] of times.entries()) {
      const level = (total + sum) / index;
      if (index > 0 && level <= time) return level;
      sum += time;
    }
    return this.mean + work;
  }
}

/** Most are: sorting allocates. */
function ascending(times: readonly number[]): boolean {
  for (let index = 1; index < times.length; index++) {
    if ((times[index - 1] ?? 0) > (times[index] ?? 0)) return false;
  }
  return true;
}
