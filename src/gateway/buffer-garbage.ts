import { getHeapStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes from which on a message is long: next to nothing in objects, much in buffers. */
export const LONG = 64 * 1024;

/** Bytes of buffers, dead or alive, that call for a collection: as many as were left by the last, within these. */
const LEAST = 16 * 1024 * 1024;
const MOST = 48 * 1024 * 1024;

/** Bytes outside the heap that its objects hold: the fewest since the last collection, which frees them in its own time. */
let left = Infinity;

/**
 * To be called with the length of every message that comes or goes: when enough of them have been long, it collects the
 * young generation, in which their buffers are (0.4 ms). V8 does that when enough objects are made, which long messages
 * hardly do; what it would do instead is to look through the whole heap when buffers hold 64 MiB more than they did: 30 ms
 * in which nobody is served, after 50 images.
 */
export function collectBuffers(bytes: number): void {
  if (bytes < LONG) return;
  const held = getHeapStatistics().external_memory;
  left = Math.min(left, held);
  if (held - left < Math.min(Math.max(left, LEAST), MOST)) return;
  collector()?.({ type: 'minor' });
  left = Infinity;
}

/** Collects the young generation, or the whole heap, at once. */
type Collect = (options: { readonly type: 'minor' | 'major' }) => void;

let collect: Collect | undefined;

/**
 * V8's collector; undefined in a process that was not started by `main.ts`, which asks for it. A thread has it; for the
 * main thread, which was there before, a context is made (1 ms), and only when there is something to collect.
 */
export function collector(): Collect | undefined {
  collect ??= globalThis.gc ?? (runInNewContext('globalThis.gc') as Collect | undefined);
  return collect;
}
