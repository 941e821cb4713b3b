/** Told that nobody waits for an answer any more: at most once, and not after it was removed. */
export interface CancelListener {
  handleEvent(): void;
}

/** Says whether somebody still waits for an answer. An `AbortSignal` is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: CancelListener): void;
  removeEventListener(type: 'abort', listener: CancelListener): void;
}

/**
 * A signal and its switch. Used for every request in place of the platform's `AbortController`: whoever listened to one
 * of those is seen by the garbage collector only when it collects the whole heap, with all that the request holds.
 */
export class Cancellation implements CancelSignal {
  #aborted = false;
  readonly #listeners: CancelListener[] = [];

  get aborted(): boolean {
    return this.#aborted;
  }

  addEventListener(_type: 'abort', listener: CancelListener): void {
    if (!this.#aborted) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: CancelListener): void {
    const index = this.#listeners.indexOf(listener);
    if (index >= 0) this.#listeners.splice(index, 1);
  }

  /** Tells every listener. Again is nothing. */
  abort(): void {
    this.#aborted = true;
    for (const listener of this.#listeners.splice(0)) listener.handleEvent();
  }
}
