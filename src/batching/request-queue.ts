import type { QueueView } from './batch-policy.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { Entry } from './pending-request.ts';

const byRank = (a: Entry, b: Entry): boolean =>
  a.rank < b.rank || (a.rank === b.rank && a.sequence < b.sequence);

/** The waiting entries of one batch key, or (sealed) a batch that is made already. */
export class KeyQueue implements QueueView<Entry> {
  /** Undefined for a sealed one. */
  readonly key: string | undefined;
  rows = 0;
  /** When a parked queue is to be looked at again; undefined while it is ready. */
  wakeAt: number | undefined;
  /** In the heap of ready or of parked queues. */
  place = -1;
  readonly #entries = new IndexedHeap<Entry>(byRank, (entry, place) => {
    entry.place = place;
  });

  constructor(key: string | undefined) {
    this.key = key;
  }

  get sealed(): boolean {
    return this.key === undefined;
  }

  get size(): number {
    return this.#entries.size;
  }

  get all(): readonly Entry[] {
    return this.#entries.items;
  }

  get head(): Entry {
    return this.#entries.peek() as Entry;
  }

  first(count: number): readonly Entry[] {
    return this.#entries.first(count);
  }

  push(entry: Entry): void {
    entry.queue = this;
    this.rows += entry.rows;
    this.#entries.push(entry);
  }

  remove(entry: Entry): void {
    this.#entries.remove(entry.place);
    this.rows -= entry.rows;
    entry.queue = undefined;
  }
}

/**
 * Everything of one variant that waits: a queue for each batch key, offered in the order of their first entries, so
 * that no key starves another. A queue that should wait for more is parked until an entry joins it or its time comes.
 * An entry is in at most one queue; every operation is O(log n) and leaves nothing behind.
 */
export class RequestQueue {
  readonly #byKey = new Map<string, KeyQueue>();
  readonly #ready = new IndexedHeap<KeyQueue>((a, b) => byRank(a.head, b.head), placeQueue);
  readonly #parked = new IndexedHeap<KeyQueue>((a, b) => wakeTime(a) < wakeTime(b), placeQueue);
  readonly #deadlines = new IndexedHeap<Entry>(
    (a, b) => a.deadline < b.deadline,
    (entry, place) => {
      entry.deadlinePlace = place;
    },
  );
  #size = 0;

  /** Entries that wait, over all keys. */
  get size(): number {
    return this.#size;
  }

  /** Adds an entry to the queue of its key. */
  push(entry: Entry, key: string): void {
    let queue = this.#byKey.get(key);
    if (queue === undefined) {
      queue = new KeyQueue(key);
      this.#byKey.set(key, queue);
      this.#enter(entry, queue);
      this.#ready.push(queue);
      return;
    }
    this.#enter(entry, queue);
    if (queue.wakeAt === undefined) this.#ready.update(queue.place);
    else this.#unpark(queue);
  }

  /** Adds a batch that runs as it is. `entries` must not be empty. */
  pushSealed(entries: readonly Entry[]): void {
    const queue = new KeyQueue(undefined);
    for (const entry of entries) this.#enter(entry, queue);
    this.#ready.push(queue);
  }

  /** The queue whose first entry leaves first, among those that are not parked. */
  next(): KeyQueue | undefined {
    return this.#ready.peek();
  }

  /** Takes entries out of one queue. */
  take(queue: KeyQueue, entries: readonly Entry[]): void {
    for (const entry of entries) {
      queue.remove(entry);
      if (entry.deadline !== Infinity) this.#deadlines.remove(entry.deadlinePlace);
    }
    this.#size -= entries.length;
    const heap = queue.wakeAt === undefined ? this.#ready : this.#parked;
    if (queue.size > 0) {
      if (heap === this.#ready) heap.update(queue.place);
      return;
    }
    heap.remove(queue.place);
    if (queue.key !== undefined) this.#byKey.delete(queue.key);
  }

  /** Does not offer a queue before `until`, unless an entry joins it. */
  park(queue: KeyQueue, until: number): void {
    this.#ready.remove(queue.place);
    queue.wakeAt = until;
    this.#parked.push(queue);
  }

  /** Offers again the queues whose time has come. */
  wake(now: number): void {
    for (let queue = this.#parked.peek(); queue !== undefined; queue = this.#parked.peek()) {
      if (wakeTime(queue) > now) return;
      this.#unpark(queue);
    }
  }

  /** When the next parked queue is to be woken; Infinity for never. */
  get nextWake(): number {
    return this.#parked.peek()?.wakeAt ?? Infinity;
  }

  /** The soonest deadline of any entry; Infinity for none. */
  get nextDeadline(): number {
    return this.#deadlines.peek()?.deadline ?? Infinity;
  }

  /** An entry whose deadline has passed. It is still queued. */
  expired(now: number): Entry | undefined {
    const soonest = this.#deadlines.peek();
    return soonest !== undefined && soonest.deadline <= now ? soonest : undefined;
  }

  #enter(entry: Entry, queue: KeyQueue): void {
    queue.push(entry);
    if (entry.deadline !== Infinity) this.#deadlines.push(entry);
    this.#size += 1;
  }

  #unpark(queue: KeyQueue): void {
    this.#parked.remove(queue.place);
    queue.wakeAt = undefined;
    this.#ready.push(queue);
  }
}

const wakeTime = ({ wakeAt }: KeyQueue): number => wakeAt ?? Infinity;

function placeQueue(queue: KeyQueue, place: number): void {
  queue.place = place;
}
