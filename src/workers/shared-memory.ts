const SMALLEST = 4096;
const LARGEST_KEPT = 16 * 2 ** 20;

/**
 * Shared memory for inputs, recycled by size class (powers of two): fresh shared memory costs a page fault for every
 * 4 KiB it holds, which is most of the price of handing a large tensor to a worker.
 */
export class SharedMemory {
  readonly #limit: number;
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  readonly #lent = new WeakSet<object>();
  #kept = 0;

  /** @param limit bytes of free memory that may be kept for later */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** At least `byteLength` bytes, with whatever was in them. Memory that is never given back is simply collected. */
  take(byteLength: number): SharedArrayBuffer {
    const size = sizeClass(byteLength);
    const buffer = this.#free.get(size)?.pop();
    if (buffer !== undefined) this.#kept -= size;
    const taken = buffer ?? new SharedArrayBuffer(size);
    this.#lent.add(taken);
    return taken;
  }

  /** Whether the buffer was taken here and not given back yet. */
  owns(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
    return this.#lent.has(buffer);
  }

  give(buffer: SharedArrayBuffer): void {
    if (!this.#lent.delete(buffer)) return;
    const size = buffer.byteLength;
    if (size > LARGEST_KEPT || this.#kept + size > this.#limit) return;
    const stack = this.#free.get(size);
    if (stack === undefined) this.#free.set(size, [buffer]);
    else stack.push(buffer);
    this.#kept += size;
  }

  clear(): void {
    this.#free.clear();
    this.#kept = 0;
  }
}

function sizeClass(byteLength: number): number {
  let size = SMALLEST;
  while (size < byteLength) size *= 2;
  return size;
}
