import { getHeapSpaceStatistics } from 'node:v8';
import { collector } from './buffer-garbage.ts';

/** Milliseconds between two looks. */
const INTERVAL = 60_000;

/** Bytes that old objects grow by before they are collected. */
const GROWN = 16 * 1024 * 1024;

/**
 * Collects the whole heap of this thread when its old objects have grown by 16 MiB, once a minute at most. V8 alone waits
 * until there are four times as many as were alive (`src/main.ts`): a server that answers some hundred requests a second,
 * each of which leaves a few hundred bytes there, would grow for most of an hour.
 */
export function collectOldObjects(objects = new OldObjects()): void {
  const look = (): void => {
    if (objects.grown(oldBytes())) collector()?.({ type: 'major' });
  };
  setInterval(look, INTERVAL).unref();
}

/** Since when old objects have only become more, and by how much. */
export class OldObjects {
  #fewest = Infinity;
  #last = 0;

  /** Whether there are so many, at `bytes` now, that they are worth a collection; they begin anew then. */
  grown(bytes: number): boolean {
    if (bytes < this.#last || this.#fewest === Infinity) this.#fewest = bytes;
    const grown = bytes - this.#fewest >= GROWN;
    this.#last = grown ? 0 : bytes;
    if (grown) this.#fewest = Infinity;
    return grown;
  }
}

const oldBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
