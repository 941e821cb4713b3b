/** What became of a request. `dropped`: taken, and given up when its deadline could not be kept any more. */
export const OUTCOMES = ['answered', 'refused', 'dropped', 'failed'] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** One window of requests, column by column: it crosses processes as it is. Times in milliseconds. */
export interface Samples {
  /** Length of the window, seconds. */
  readonly seconds: number;
  /** Index into `OUTCOMES`. */
  readonly outcome: Uint8Array;
  /** Index into `variants`; of answers only. */
  readonly variant: Uint8Array;
  readonly variants: readonly string[];
  /** From the time a request was meant to go until its answer was there; NaN where none came. */
  readonly latency: Float64Array;
  /** How long after that time it went. */
  readonly lateness: Float64Array;
  /** Queue and compute times as the server tells them; NaN where it does not. */
  readonly server: Float64Array;
  /** The server's words about the first failure. */
  readonly failure?: string;
  /** CPU seconds of the generator. */
  readonly generatorCpu: number;
}

/** Collects samples one by one. */
export class SampleLog {
  readonly #outcome: Uint8Array;
  readonly #variant: Uint8Array;
  readonly #latency: Float64Array;
  readonly #lateness: Float64Array;
  readonly #server: Float64Array;
  readonly #variants: string[] = [];
  #failure: string | undefined;

  /** With room for so many; those never told failed without an answer. */
  constructor(size: number) {
    this.#outcome = new Uint8Array(size).fill(OUTCOMES.indexOf('failed'));
    this.#variant = new Uint8Array(size);
    this.#latency = new Float64Array(size).fill(Number.NaN);
    this.#lateness = new Float64Array(size);
    this.#server = new Float64Array(size).fill(Number.NaN);
  }

  sent(index: number, lateness: number): void {
    this.#lateness[index] = lateness;
  }

  ended(index: number, { outcome, variant, server, words }: Ending, latency: number): void {
    this.#outcome[index] = OUTCOMES.indexOf(outcome);
    this.#latency[index] = latency;
    this.#server[index] = server;
    if (outcome === 'failed') this.#failure ??= words;
    if (outcome !== 'answered') return;
    let known = this.#variants.indexOf(variant);
    if (known < 0) known = this.#variants.push(variant) - 1;
    this.#variant[index] = known;
  }

  result(seconds: number, generatorCpu: number): Samples {
    return {
      seconds,
      outcome: this.#outcome,
      variant: this.#variant,
      variants: this.#variants,
      latency: this.#latency,
      lateness: this.#lateness,
      server: this.#server,
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      generatorCpu,
    };
  }
}

/** How one request ended. */
export interface Ending {
  readonly outcome: Outcome;
  /** Empty where none answered. */
  readonly variant: string;
  /** Milliseconds, NaN where the server tells none. */
  readonly server: number;
  readonly words: string;
}
