/** Counts who still uses something that is about to be closed. */
export class Holds {
  #open = new Set<Promise<void>>();

  /** Returns the way to let go; calling it twice is harmless. */
  take(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open.add(promise);
    return () => {
      this.#open.delete(promise);
      resolve();
    };
  }

  /** Settles when every hold that exists now is released; later ones are not waited for. */
  async released(): Promise<void> {
    await Promise.all(this.#open);
  }
}
