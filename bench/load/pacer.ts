/**
 * The thread that says when to send: it sleeps until the next time of a schedule and wakes the main thread. A timer of
 * the event loop has whole milliseconds, and polling for less would take a core from the server that is measured.
 */
import { parentPort, workerData } from 'node:worker_threads';

export interface PacerData {
  /** Milliseconds from `start`, ascending. */
  readonly times: Float64Array;
  /** On the clock of `process.hrtime`, nanoseconds: it is the same in all threads. */
  readonly start: bigint;
  /** Milliseconds between two wake-ups at least; 0 where left out. */
  readonly grain?: number;
}

const { times, start, grain = 0 }: PacerData = workerData;
const never = new Int32Array(new SharedArrayBuffer(4));
const elapsed = (): number => Number(process.hrtime.bigint() - start) / 1e6;

let index = 0;
let last = Number.NEGATIVE_INFINITY;
while (index < times.length) {
  const wait = Math.max(times[index] ?? 0, last + grain) - elapsed();
  if (wait > 0) Atomics.wait(never, 0, 0, wait);
  const now = elapsed();
  last = now;
  while (index < times.length && (times[index] ?? 0) <= now) index++;
  parentPort?.postMessage(index);
}
