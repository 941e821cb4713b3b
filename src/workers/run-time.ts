import { isStrings, type TensorMap } from '../tensor/tensor.ts';

/** The share of the newest run in the moving average. */
const NEWEST = 0.1;
/** What is forgotten of what was seen each time that a run happens elsewhere. */
const FADING = 0.01;
/** What was known at first may be so many times too long: a model is opened in a busy moment. */
export const BUSY_START = 2;
/** No single run counts for more than this many times what was expected: some are held up by something else. */
const HELD_UP = 1.5;

/** A size of inputs that was run, and the milliseconds it took. */
export interface TimedRun {
  readonly elements: number;
  readonly time: number;
}

/**
 * What a model's runs take: a line through the shortest and the longest of the warm-up, scaled by what was seen since.
 * Where these took the same, or only one size was run, nothing tells what more elements cost: beyond the largest that
 * was run a run is taken to be as much longer as its inputs are.
 */
export class RunTime {
  readonly #fixed: number;
  readonly #perElement: number;
  /** Per element beyond what was run, where the line says nothing; else 0. */
  readonly #beyond: number;
  readonly #start: number;
  #scale: number;

  /** @param share what a run takes of what it took in the warm-up, as far as is known at first */
  constructor(runs: readonly TimedRun[], share = 1) {
    this.#start = share;
    this.#scale = share;
    const known = runs
      .filter(({ time }) => Number.isFinite(time))
      .toSorted((a, b) => a.elements - b.elements);
    const [first, last] = [known.at(0), known.at(-1)];
    if (first === undefined || last === undefined) {
      this.#fixed = Infinity;
      this.#perElement = 0;
      this.#beyond = 0;
      return;
    }
    const more = last.elements - first.elements;
    this.#perElement = more > 0 ? Math.max(0, (last.time - first.time) / more) : 0;
    this.#fixed = Math.max(0, first.time - this.#perElement * first.elements);
    this.#beyond = this.#perElement > 0 || last.elements === 0 ? 0 : last.time / last.elements;
    this.shortest = first.time;
  }

  /** Milliseconds of the smallest run of the warm-up; Infinity where none is known. */
  readonly shortest: number = Infinity;

  /** Milliseconds. */
  expected(inputs: TensorMap): number {
    return this.#scale * this.#unscaled(inputs);
  }

  observe(inputs: TensorMap, time: number): void {
    const expected = this.#unscaled(inputs);
    if (!(expected > 0) || !Number.isFinite(expected)) return;
    const ratio = Math.min(time / expected, HELD_UP * this.#scale);
    this.#scale += NEWEST * (ratio - this.#scale);
  }

  /** Expects a little less, down to half of what it did at first: what is thought too long would never be tried again. */
  fade(): void {
    const least = this.#start / BUSY_START;
    if (this.#scale > least) this.#scale += FADING * (least - this.#scale);
  }

  #unscaled(inputs: TensorMap): number {
    const elements = elementsOf(inputs);
    return Math.max(this.#fixed + this.#perElement * elements, this.#beyond * elements);
  }
}

/** Elements of all inputs together; of texts the characters, as they are what a model reads. */
export function elementsOf(inputs: TensorMap): number {
  let elements = 0;
  for (const { data } of inputs.values()) {
    if (isStrings(data)) for (const text of data) elements += text.length;
    else elements += data.length;
  }
  return elements;
}
