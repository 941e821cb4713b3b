import { type Block, type Entry, workBefore } from './entry.ts';
import type { FreeTimes } from './free-times.ts';

/** A block that grows beyond this is halved. */
const LARGEST_BLOCK = 96;

const before = (a: Entry, b: Entry): boolean =>
  a.deadline < b.deadline || (a.deadline === b.deadline && a.sequence < b.sequence);

/**
 * Everything that waits, earliest deadline first, and the ledger of what it will cost: sorted blocks that know the sum
 * of their demands and how much more could come before them. Entering, leaving and asking who would be late take
 * O(block + number of blocks).
 */
export class DeadlineQueue<E extends Entry> {
  readonly #blocks: Block[] = [];
  #size = 0;
  #demand = 0;
  #sequence = 0;

  get size(): number {
    return this.#size;
  }

  /** Node milliseconds that everything queued takes. */
  get demand(): number {
    return this.#size === 0 ? 0 : this.#demand;
  }

  get head(): E | undefined {
    return this.#blocks[0]?.entries[0] as E | undefined;
  }

  insert(entry: E): void {
    entry.sequence = this.#sequence++;
    const block = this.#blocks[this.#blockFor(entry)] ?? this.#addBlock(0, []);
    block.entries.splice(placeIn(block.entries, entry), 0, entry);
    entry.block = block;
    this.#size += 1;
    this.#demand += entry.demand;
    if (block.entries.length > LARGEST_BLOCK) this.#split(block);
    else summarize(block);
  }

  remove(entry: E): void {
    const { block } = entry;
    if (block === undefined) return;
    entry.block = undefined;
    block.entries.splice(block.entries.indexOf(entry), 1);
    if (entry.taken) block.taken -= 1;
    entry.taken = false;
    this.#size -= 1;
    this.#demand -= entry.demand;
    if (block.entries.length > 0) {
      summarize(block);
      return;
    }
    this.#blocks.splice(block.index, 1);
    this.#renumber(block.index);
  }

  /** Calls `visit` with the entries in order until it returns false. The queue must not change meanwhile. */
  scan(visit: (entry: E) => boolean): void {
    for (const { entries } of this.#blocks) {
      for (const entry of entries) if (!visit(entry as E)) return;
    }
  }

  /** Says that these entries (all queued) are, or are no longer, in the batch that is being formed. */
  mark(entries: readonly E[], taken: boolean): void {
    for (const entry of entries) {
      entry.taken = taken;
      if (entry.block !== undefined) entry.block.taken += taken ? 1 : -1;
    }
  }

  /** Node milliseconds of what would leave before `deadline` if an entry with it came now. */
  demandBefore(deadline: number): number {
    let sum = 0;
    for (const block of this.#blocks) {
      const last = block.entries[block.entries.length - 1];
      if (last === undefined || last.deadline <= deadline) {
        sum += block.demand;
        continue;
      }
      for (const entry of block.entries) {
        if (entry.deadline > deadline) return sum;
        sum += entry.demand;
      }
    }
    return sum;
  }

  /**
   * The weight of the entries that would be late if the slots were free at `free`; those taken are not counted, nor is
   * their demand.
   * @param extra node milliseconds of work that comes before all of them
   * @param limit stops counting above it
   */
  late(free: FreeTimes, extra = 0, limit = Infinity): number {
    let ahead = extra;
    let late = 0;
    for (const block of this.#blocks) {
      if (free.first <= block.latest && free.mean + ahead <= block.slack && block.taken === 0) {
        ahead += block.demand;
        continue;
      }
      for (const entry of block.entries) {
        if (entry.taken) continue;
        if (free.level(workBefore(ahead, entry.batch)) > entry.latest) late += entry.weight;
        if (late > limit) return late;
        ahead += entry.demand;
      }
    }
    return late;
  }

  /**
   * Whether entries after `deadline` that can be on time would be late, if `extra` node milliseconds came before them.
   */
  crowdedBy(extra: number, deadline: number, free: FreeTimes): boolean {
    let ahead = 0;
    for (const block of this.#blocks) {
      const last = block.entries[block.entries.length - 1];
      const concerned = last !== undefined && last.deadline > deadline;
      if (!concerned || free.mean + ahead + extra <= block.slack) {
        ahead += block.demand;
        continue;
      }
      for (const entry of block.entries) {
        if (entry.deadline > deadline) {
          const start = free.level(workBefore(ahead, entry.batch));
          if (start <= entry.latest && free.level(workBefore(ahead + extra, entry.batch)) > entry.latest)
            return true;
        }
        ahead += entry.demand;
      }
    }
    return false;
  }

  #blockFor(entry: E): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = this.#blocks[middle]?.entries.at(-1);
      if (last !== undefined && before(last, entry)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #split(block: Block): void {
    const tail = block.entries.splice(block.entries.length >> 1);
    summarize(block);
    const next = this.#addBlock(block.index + 1, tail);
    for (const entry of tail) entry.block = next;
    summarize(next);
  }

  #addBlock(index: number, entries: Entry[]): Block {
    const block: Block = { entries, demand: 0, slack: Infinity, latest: Infinity, taken: 0, index };
    this.#blocks.splice(index, 0, block);
    this.#renumber(index);
    return block;
  }

  #renumber(from: number): void {
    for (let index = from; index < this.#blocks.length; index++) {
      const block = this.#blocks[index];
      if (block !== undefined) block.index = index;
    }
  }
}

function placeIn(entries: readonly Entry[], entry: Entry): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(entries[middle] as Entry, entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function summarize(block: Block): void {
  let ahead = 0;
  let slack = Infinity;
  let latest = Infinity;
  for (const entry of block.entries) {
    slack = Math.min(slack, entry.latest - ahead);
    latest = Math.min(latest, entry.latest);
    ahead += entry.demand;
  }
  block.demand = ahead;
  block.slack = slack;
  block.latest = latest;
}
