import type { TensorMap } from '../tensor/tensor.ts';

/** The share of the newest run in the moving average. */
const NEWEST = 0.1;
/** A run that took this many times longer than expected was held up by something else. */
const HELD_UP = 4;

/** A size of inputs that was run, and the milliseconds it took. */
export interface TimedRun {
  readonly elements: number;
  readonly time: number;
}

/**
 * What a model's runs take: a line through the shortest and the longest of the warm-up, scaled by what was seen since.
 */
export class RunTime {
  readonly #fixed: number;
  readonly #perElement: number;
  #scale = 1;

  constructor(runs: readonly TimedRun[]) {
    const known = runs
      .filter(({ time }) => Number.isFinite(time))
      .toSorted((a, b) => a.elements - b.elements);
    const [first, last] = [known.at(0), known.at(-1)];
    if (first === undefined || last === undefined) {
      this.#fixed = Infinity;
      this.#perElement = 0;
      return;
    }
    const more = last.elements - first.elements;
    this.#perElement = more > 0 ? Math.max(0, (last.time - first.time) / more) : 0;
    this.#fixed = Math.max(0, first.time - this.#perElement * first.elements);
    this.shortest = first.time;
  }

  /** Milliseconds of the smallest run; Infinity where none is known. */
  readonly shortest: number = Infinity;

  /** Milliseconds. */
  expected(inputs: TensorMap): number {
    return this.#scale * (this.#fixed + this.#perElement * elementsOf(inputs));
  }

  observe(inputs: TensorMap, time: number): void {
    const expected = this.#fixed + this.#perElement * elementsOf(inputs);
    if (!(expected > 0) || !Number.isFinite(expected)) return;
    const ratio = Math.min(time / expected, HELD_UP * this.#scale);
    this.#scale += NEWEST * (ratio - this.#scale);
  }
}

/** Elements of all inputs together. */
export function elementsOf(inputs: TensorMap): number {
  let elements = 0;
  for (const { data } of inputs.values()) elements += data.length;
  return elements;
}
