import { getHeapSpaceStatistics } from 'node:v8';
import { collector } from './buffer-garbage.ts';

/** Milliseconds between two looks. */
const INTERVAL = 60_000;

/** Bytes that old objects grow by before they are collected. */
const GROWN = 16 * 1024 * 1024;

/**
 * Collects the whole heap of this thread when its old objects have grown by 16 MiB, once a minute at most. V8 alone waits
 * until there are four times as many as were alive (`src/main.ts`): a server that answers some hundred requests a second,
 * each of which leaves a few hundred bytes there, would grow for half an hour and more.
 */
export function collectOldObjects(objects = new OldObjects()): void {
  const look = (): void => {
    if (objects.grown(oldBytes())) collector()?.({ type: 'major' });
  };
  setInterval(look, INTERVAL).unref();
}

/** How many old objects there are, look by look. */
export class OldObjects {
  /** The fewest bytes since the last collection. */
  #left = Infinity;

  /** Whether there are so many, at `bytes` now, that they are worth a collection; they begin anew then. */
  grown(bytes: number): boolean {
    this.#left = Math.min(this.#left, bytes);
    if (bytes - this.#left < GROWN) return false;
    this.#left = Infinity;
    return true;
  }
}

const oldBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
