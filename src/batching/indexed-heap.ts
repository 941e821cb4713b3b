/**
 * A binary heap whose items know where they are, so that any of them can leave or move in O(log n). Items that come in
 * order are appended in O(1).
 */
export class IndexedHeap<T> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;
  readonly #placed: (item: T, place: number) => void;

  /**
   * @param before whether `a` leaves before `b`; must stay the same while an item is inside, or `update` be called.
   * @param placed told the place of an item whenever it changes, for `remove` and `update`.
   */
  constructor(before: (a: T, b: T) => boolean, placed: (item: T, place: number) => void) {
    this.#before = before;
    this.#placed = placed;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Every item, in no particular order. */
  get items(): readonly T[] {
    return this.#items;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(place: number): void {
    const last = this.#items.pop() as T;
    if (place < this.#items.length) this.#settle(last, place);
  }

  /** Puts the item at `place` where it belongs after its order has changed. */
  update(place: number): void {
    this.#settle(this.#items[place] as T, place);
  }

  /** The first `count` items in order; the heap stays as it is. O(count log count). */
  first(count: number): T[] {
    const items = this.#items;
    if (count >= items.length) return items.toSorted((a, b) => (this.#before(a, b) ? -1 : 1));
    const found: T[] = [];
    const before = (a: number, b: number) => this.#before(items[a] as T, items[b] as T);
    const frontier = new IndexedHeap<number>(before, () => {});
    for (let place: number | undefined = 0; found.length < count; place = frontier.peek()) {
      if (place === undefined) break;
      if (place > 0) frontier.remove(0);
      found.push(items[place] as T);
      const child = 2 * place + 1;
      if (child < items.length) frontier.push(child);
      if (child + 1 < items.length) frontier.push(child + 1);
    }
    return found;
  }

  #settle(item: T, place: number): void {
    const parent = this.#items[(place - 1) >> 1];
    if (place > 0 && this.#before(item, parent as T)) this.#rise(item, place);
    else this.#sink(item, place);
  }

  #rise(item: T, from: number): void {
    const items = this.#items;
    let place = from;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = items[parentPlace] as T;
      if (!this.#before(item, parent)) break;
      this.#put(parent, place);
      place = parentPlace;
    }
    this.#put(item, place);
  }

  #sink(item: T, from: number): void {
    const items = this.#items;
    let place = from;
    for (let child = 2 * place + 1; child < items.length; child = 2 * place + 1) {
      if (child + 1 < items.length && this.#before(items[child + 1] as T, items[child] as T)) child++;
      const next = items[child] as T;
      if (!this.#before(next, item)) break;
      this.#put(next, place);
      place = child;
    }
    this.#put(item, place);
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    this.#placed(item, place);
  }
}
