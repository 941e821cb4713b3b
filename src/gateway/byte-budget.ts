import { InferenceError } from '../errors.ts';

/** Bodies and messages up to this, bytes, are not counted: the number of connections, and of calls over each, bounds them. */
export const SMALL = 64 * 1024;

/** Bytes that the long bodies and messages at hand may have together, over every protocol. */
export class ByteBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are taken. */
  get held(): number {
    return this.#held;
  }

  /** False where that would be beyond the limit; then nothing is taken. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#limit) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }

  refusal(): InferenceError {
    return new InferenceError(
      'resource_exhausted',
      `the messages and bodies at hand would exceed ${this.#limit} bytes together`,
      { retryAfter: 1, reason: 'overload' },
    );
  }
}
