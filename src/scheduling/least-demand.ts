/** Milliseconds for which a demand is remembered, at least. */
const REMEMBERED_MS = 1000;

/** Classes of bodies: their bytes differ by less than this factor within one. */
const CLASS_FACTOR = Math.SQRT2;

interface Size {
  readonly rows: number;
  readonly length: number;
}

/** A size, and the bytes of the body that brought it, where they were told before it was read. */
interface Asked extends Size {
  readonly bodyBytes?: number | undefined;
}

const NONE: Size = { rows: Infinity, length: Infinity };

/**
 * The smallest of what was asked lately by bodies of about the same bytes: fewest rows and shortest length, each for
 * itself. What an unread request asks for is told by it.
 */
export class LeastDemand {
  readonly #all = new Least();
  /** By class: their number is bounded, as bodies are. */
  readonly #classes = new Map<number, Least>();

  add(asked: Asked, now: number): void {
    this.#all.add(asked, now);
    if (asked.bodyBytes === undefined) return;
    const key = classOf(asked.bodyBytes);
    let least = this.#classes.get(key);
    if (least === undefined) {
      least = new Least();
      this.#classes.set(key, least);
    }
    least.add(asked, now);
  }

  /** Of all bodies where none of about so many bytes came lately; one row of length 1 where nothing was asked. */
  of(bodyBytes: number | undefined, now: number): Size {
    const alike = bodyBytes === undefined ? undefined : this.#classes.get(classOf(bodyBytes))?.at(now);
    return alike ?? this.#all.at(now) ?? { rows: 1, length: 1 };
  }
}

/** The least of a second or two. */
class Least {
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

  at(now: number): Size | undefined {
    return now - this.#since < 2 * REMEMBERED_MS ? smaller(this.#now, this.#before) : undefined;
  }
}

const classOf = (bytes: number): number => Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(CLASS_FACTOR));

const smaller = (a: Size, b: Size): Size => ({
  rows: Math.min(a.rows, b.rows),
  length: Math.min(a.length, b.length),
});
