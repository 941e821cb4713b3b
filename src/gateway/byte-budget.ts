import { InferenceError } from '../errors.ts';

/** Bodies, messages and answers up to this, bytes, are not counted: the number of connections, and of calls over each, bounds them. */
export const SMALL = 64 * 1024;

/** Bytes that the long bodies, messages and REST answers at hand may have together, over every protocol and gateway thread. */
export class ByteBudget {
  readonly limit: number;
  readonly #held: BigInt64Array;

  /** @param memory of 8 bytes, for threads that share a budget */
  constructor(limit: number, memory = new SharedArrayBuffer(8)) {
    this.limit = limit;
    this.#held = new BigInt64Array(memory);
  }

  /** Bytes that are taken. */
  get held(): number {
    return Number(Atomics.load(this.#held, 0));
  }

  /** Whether so many could be taken now. */
  has(bytes: number): boolean {
    return this.held + bytes <= this.limit;
  }

  /** False where that would be beyond the limit; then nothing is taken. */
  take(bytes: number): boolean {
    for (;;) {
      const held = Atomics.load(this.#held, 0);
      const more = held + BigInt(bytes);
      if (more > this.limit) return false;
      if (Atomics.compareExchange(this.#held, 0, held, more) === held) return true;
    }
  }

  /** Takes what is there already, beyond the limit too: nothing else is had then until enough is given back. */
  add(bytes: number): void {
    Atomics.add(this.#held, 0, BigInt(bytes));
  }

  give(bytes: number): void {
    Atomics.sub(this.#held, 0, BigInt(bytes));
  }

  refusal(): InferenceError {
    return new InferenceError(
      'resource_exhausted',
      `the messages, bodies and answers at hand would exceed ${this.limit} bytes together`,
      { retryAfter: 1, reason: 'overload' },
    );
  }
}
