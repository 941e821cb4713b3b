import { createHook } from 'node:async_hooks';
import { MessagePort, Worker } from 'node:worker_threads';

/**
 * What is counted of a piece of work on the main thread; promises and timers by `asyncCounter`, the others while it is
 * off. None of it depends on how fast the machine is.
 */
export const COUNTS = [
  'copies',
  'copiedBytes',
  'messages',
  'batches',
  'heapBytes',
  'bufferBytes',
  'keptBytes',
  'promises',
  'timers',
] as const;

export type Count = (typeof COUNTS)[number];
export type Tally = Readonly<Record<Count, number>>;

/** Copies of fewer bytes are headers and lengths, not tensors. */
const LEAST_BYTES = 32;

const tally = Object.fromEntries(COUNTS.map((count) => [count, 0])) as Record<Count, number>;

/**
 * Counts from now on: what copies memory (`set`, `slice`, `concat`, `copy`, and what a message to a thread clones),
 * messages to threads. Node's own copies are its own affair: it keeps the functions as they were at its start. To be
 * called once, before anything that keeps them too is loaded.
 */
export function installCounters(): void {
  const bytes = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const { set, slice } = bytes;
  bytes.set = function counted(this: Uint8Array, source: ArrayLike<number>, offset?: number): void {
    copied(source.length * this.BYTES_PER_ELEMENT);
    set.call(this, source, offset);
  };
  bytes.slice = function counted(this: Uint8Array, ...range): Uint8Array<ArrayBuffer> {
    const part = slice.apply(this, range);
    copied(part.byteLength);
    return part;
  };
  const { concat } = Buffer;
  Buffer.concat = (parts, length) => {
    const whole = concat(parts, length);
    copied(whole.byteLength);
    return whole;
  };
  const { copy } = Buffer.prototype;
  Buffer.prototype.copy = function counted(this: Buffer, ...target: Parameters<Buffer['copy']>): number {
    const count = copy.apply(this, target);
    copied(count);
    return count;
  };
  for (const { prototype } of [MessagePort, Worker]) countMessages(prototype);
}

/** Promises and timers. Apart from the others, because watching them allocates more than most requests do. */
export const asyncCounter = createHook({
  init(_, type) {
    if (type === 'PROMISE') tally.promises += 1;
    else if (type === 'Timeout' || type === 'Immediate') tally.timers += 1;
  },
});

/** Everything counted so far, and all that was ever allocated: the collector must not run between two calls. */
export function readTally(batches: number): Tally {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { ...tally, batches, heapBytes: heapUsed, bufferBytes: arrayBuffers, keptBytes: heapUsed };
}

/** The tally, with what is left in the heap when the young generation alone has been collected. */
export function collectYoung(tally: Tally): Tally {
  // What survives twice has become old.
  for (let times = 0; times < 2; times++) globalThis.gc?.({ type: 'minor' });
  return { ...tally, keptBytes: process.memoryUsage().heapUsed };
}

function copied(bytes: number): void {
  if (bytes < LEAST_BYTES) return;
  tally.copies += 1;
  tally.copiedBytes += bytes;
}

type Post = (message: unknown, ...rest: readonly unknown[]) => void;

function countMessages(prototype: { postMessage: unknown }): void {
  const post = prototype.postMessage as Post;
  prototype.postMessage = function counted(
    this: unknown,
    message: unknown,
    ...rest: readonly unknown[]
  ): void {
    tally.messages += 1;
    const [moved] = rest;
    copyCloned(message, new Set(Array.isArray(moved) ? moved : []));
    post.call(this, message, ...rest);
  };
}

/** What the structured clone of a message copies: the memory of its arrays that is neither shared nor moved. */
function copyCloned(value: unknown, seen: Set<unknown>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (ArrayBuffer.isView(value)) copyCloned(value.buffer, seen);
  else if (value instanceof ArrayBuffer) copied(value.byteLength);
  else if (value instanceof Map) for (const each of value.values()) copyCloned(each, seen);
  else if (!(value instanceof SharedArrayBuffer))
    for (const each of Object.values(value)) copyCloned(each, seen);
}
