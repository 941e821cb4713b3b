/** Holds that were taken between one call of `released` and the next. */
interface Generation {
  open: number;
  onReleased?: () => void;
}

/** Counts who still uses something that is about to be closed. */
export class Holds {
  #newest: Generation = { open: 0 };
  #older: Promise<unknown> = Promise.resolve();

  /** Returns the way to let go; calling it twice is harmless. */
  take(): () => void {
    const generation = this.#newest;
    generation.open += 1;
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      generation.open -= 1;
      if (generation.open === 0) generation.onReleased?.();
    };
  }

  /** Settles when every hold that exists now is released; later ones are not waited for. */
  async released(): Promise<void> {
    const generation = this.#newest;
    if (generation.open > 0) {
      this.#newest = { open: 0 };
      const { promise, resolve } = Promise.withResolvers<void>();
      generation.onReleased = resolve;
      this.#older = Promise.all([this.#older, promise]);
    }
    await this.#older;
  }
}
