import type { Demand } from './entry.ts';

/** Milliseconds for which a demand is remembered, at least. */
const REMEMBERED_MS = 1000;

/** Classes of bodies: their bytes differ by less than this factor within one. */
const CLASS_FACTOR = Math.SQRT2;

interface Least {
  readonly rows: number;
  readonly length: number;
  /** The most time until a deadline of its own that any was given, milliseconds; 0 where none had one. */
  readonly slack: number;
}

/** What was asked; `bodyBytes` where they were told before it was read. */
type Asked = Pick<Demand, 'rows' | 'length' | 'acceptedAt' | 'deadline' | 'patient' | 'bodyBytes'>;

const NONE: Least = { rows: Infinity, length: Infinity, slack: 0 };

/**
 * The easiest of what was asked lately by bodies of about the same bytes: fewest rows, shortest length and most time,
 * each for itself. What an unread request asks for is told by it.
 */
export class LeastDemand {
  readonly #all = new Recent();
  /** By class: their number is bounded, as bodies are. */
  readonly #classes = new Map<number, Recent>();

  add(asked: Asked, now: number): void {
    this.#all.add(asked, now);
    if (asked.bodyBytes === undefined) return;
    const key = classOf(asked.bodyBytes);
    let least = this.#classes.get(key);
    if (least === undefined) {
      least = new Recent();
      this.#classes.set(key, least);
    }
    least.add(asked, now);
  }

  /** Of all bodies where none of about so many bytes came lately; one row of length 1 where nothing was asked. */
  of(bodyBytes: number | undefined, now: number): Least {
    const alike = bodyBytes === undefined ? undefined : this.#classes.get(classOf(bodyBytes))?.at(now);
    return alike ?? this.#all.at(now) ?? { rows: 1, length: 1, slack: 0 };
  }
}

/** The least of a second or two. */
class Recent {
  #now: Least = NONE;
  #before: Least = NONE;
  #since = -Infinity;

  add({ rows, length, acceptedAt, deadline, patient }: Asked, now: number): void {
    if (now - this.#since >= REMEMBERED_MS) {
      this.#before = now - this.#since < 2 * REMEMBERED_MS ? this.#now : NONE;
      this.#now = NONE;
      this.#since = now;
    }
    const slack = patient ? 0 : deadline - acceptedAt;
    const least = this.#now;
    if (rows < least.rows || length < least.length || slack > least.slack)
      this.#now = easier(least, { rows, length, slack });
  }

  at(now: number): Least | undefined {
    return now - this.#since < 2 * REMEMBERED_MS ? easier(this.#now, this.#before) : undefined;
  }
}

const classOf = (bytes: number): number => Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(CLASS_FACTOR));

const easier = (a: Least, b: Least): Least => ({
  rows: Math.min(a.rows, b.rows),
  length: Math.min(a.length, b.length),
  slack: Math.max(a.slack, b.slack),
});
