/** Milliseconds for which a demand is remembered, at least. */
const REMEMBERED_MS = 1000;

interface Size {
  readonly rows: number;
  readonly length: number;
}

const NONE: Size = { rows: Infinity, length: Infinity };

/** The smallest of what was asked lately: fewest rows and shortest length, each for itself. */
export class LeastDemand {
  #now: Size = NONE;
  #before: Size = NONE;
  #since = -Infinity;

  add({ rows, length }: Size, now: number): void {
    if (now - this.#since >= REMEMBERED_MS) {
      this.#before = now - this.#since < 2 * REMEMBERED_MS ? this.#now : NONE;
      this.#now = NONE;
      this.#since = now;
    }
    if (rows < this.#now.rows || length < this.#now.length) this.#now = smaller(this.#now, { rows, length });
  }

  /** One row of length 1 where nothing was asked. */
  get size(): Size {
    const { rows, length } = smaller(this.#now, this.#before);
    return { rows: Number.isFinite(rows) ? rows : 1, length: Number.isFinite(length) ? length : 1 };
  }
}

const smaller = (a: Size, b: Size): Size => ({
  rows: Math.min(a.rows, b.rows),
  length: Math.min(a.length, b.length),
});
