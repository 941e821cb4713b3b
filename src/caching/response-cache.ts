import { isStrings, type Tensor, type TensorMap } from '../tensor/tensor.ts';

/** An entry that would take more than this part of the memory is not kept: it would push out too many others. */
const LARGEST_SHARE = 1 / 8;

/** Bytes that an entry takes in the heap beside its key and data, and each tensor in it; measured, rounded up. */
const ENTRY_OVERHEAD = 512;
const TENSOR_OVERHEAD = 384;

export interface CachedAnswer {
  readonly outputs: TensorMap;
  /** The answer was one of several variants'. */
  readonly chosen: boolean;
}

interface Entry extends CachedAnswer {
  readonly owner: number;
  readonly bytes: number;
}

/**
 * Answers by what was asked, the least recently used of them forgotten first. Bounded in bytes, keys and bookkeeping
 * counted. It keeps copies: a view would hold the memory of a whole batch, or be written over by the next one.
 */
export class ResponseCache {
  readonly maxBytes: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #evictions = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries pushed out by others since the start. */
  get evictions(): number {
    return this.#evictions;
  }

  get(owner: number, content: string): CachedAnswer | undefined {
    const key = keyOf(owner, content);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Keeps a copy. An answer that is there already, or too large, changes nothing. */
  put(owner: number, content: string, { outputs, chosen }: CachedAnswer): void {
    const key = keyOf(owner, content);
    const bytes = sizeOf(key, outputs);
    if (bytes > this.maxBytes * LARGEST_SHARE || this.#entries.has(key)) return;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes + bytes <= this.maxBytes) break;
      this.#remove(oldest, entry);
      this.#evictions += 1;
    }
    this.#entries.set(key, { owner, bytes, chosen, outputs: copyOf(outputs) });
    this.#bytes += bytes;
  }

  /** Forgets everything an owner has put. */
  forget(owner: number): void {
    for (const [key, entry] of this.#entries) if (entry.owner === owner) this.#remove(key, entry);
  }

  #remove(key: string, { bytes }: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= bytes;
  }
}

const keyOf = (owner: number, content: string): string => `${owner}:${content}`;

function sizeOf(key: string, outputs: TensorMap): number {
  let bytes = ENTRY_OVERHEAD + key.length;
  for (const [name, { shape, data }] of outputs) {
    bytes += TENSOR_OVERHEAD + 2 * name.length + 8 * shape.length;
    if (!isStrings(data)) bytes += data.byteLength;
    else for (const text of data) bytes += STRING_OVERHEAD + 2 * text.length;
  }
  return bytes;
}

/** Header of a string and the place in its array; characters take one byte or two. */
const STRING_OVERHEAD = 32;

const copyOf = (outputs: TensorMap): TensorMap =>
  new Map(Array.from(outputs, ([name, tensor]) => [name, compact(tensor)]));

function compact({ datatype, shape, data }: Tensor): Tensor {
  // A string cut from a longer one keeps that alive; written anew it stands alone.
  if (isStrings(data))
    return { datatype, shape, data: data.map((text) => Buffer.from(text, 'utf16le').toString('utf16le')) };
  return { datatype, shape, data: data.slice() };
}
