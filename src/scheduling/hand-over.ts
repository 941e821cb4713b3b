/** The share of the newest batch in the averages. */
const NEWEST = 0.1;

/** What a batch spent on its way, milliseconds: to the worker, in it, and back until its answer was there. */
export interface Journey {
  readonly computeInput: number;
  readonly computeInfer: number;
  readonly computeOutput: number;
}

/**
 * How long a worker stands idle between two batches, because the answer of the first has to be seen before the second
 * is sent: the threads have to wake, and the event loop may be busy. Moving averages.
 */
export class HandOver {
  #there = 0;
  #back = 0;

  /** Milliseconds from the end of a run to the start of the next one. */
  get time(): number {
    return this.#there + this.#back;
  }

  /** @param ahead it had to wait for the run before it, so that its way there says nothing */
  observe({ computeInput, computeOutput }: Journey, ahead: boolean): void {
    if (!ahead) this.#there += NEWEST * (computeInput - this.#there);
    this.#back += NEWEST * (computeOutput - this.#back);
  }
}
