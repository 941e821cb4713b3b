/**
 * alpha (milliseconds), beta (per row and unit of length), gamma (per row and unit of length squared); none negative.
 */
export type Coefficients = readonly [alpha: number, beta: number, gamma: number];

/** Milliseconds of a batch of so many rows, padded to that length. */
export const latencyOf = (of: Coefficients, rows: number, length: number): number =>
  of[0] + rows * length * (of[1] + of[2] * length);

/** What is kept of an observation once the next batch has run, here or on another variant. */
export const FORGETTING = 0.995;
/** The first observations are each taken in at once, later ones a few together: one changes little. */
const EAGER = 32;
const INTERVAL = 4;
/** A subset of the terms must be this much better, as a share of the residual, to be preferred to one tried before. */
const BETTER = 1e-9;
/** Determinants of the scaled equations below this are those of columns that the observations cannot tell apart. */
const SINGULAR = 1e-7;

/**
 * Terms that may be used together. Where two explain the same, the first wins: what has only ever run one row costs in
 * proportion to the rows, which is the careful reading.
 */
const SUBSETS: readonly (readonly number[])[] = [[1], [2], [0], [0, 1], [0, 2], [1, 2], [0, 1, 2]];

/**
 * Least squares for L(b, s) = alpha + beta b s + gamma b s^2 with coefficients that are not negative, relative errors
 * and exponential forgetting. Errors are relative to what was expected, and only for anchors to what was measured: the
 * weight of an observation must not depend on its error, or the quick ones of those that spread weigh more and the fit
 * stays below their mean. Three unknowns: the best of the seven subsets of terms whose plain solution is not negative is the exact
 * answer. The sweep at the start is kept beside what is forgotten, so that sizes which have not run for long are not
 * lost.
 */
export class LatencyFit {
  readonly #recent = new Moments();
  readonly #anchor = new Moments();
  readonly #computing = new Moments();
  #observed = 0;
  #coefficients: Coefficients = [0, 0, 0];
  #swept: Coefficients = [0, 0, 0];

  get coefficients(): Coefficients {
    return this.#coefficients;
  }

  /** What the anchors say by themselves of what is computed. */
  get swept(): Coefficients {
    return this.#swept;
  }

  /**
   * @param latency milliseconds, above 0
   * @param expected what was predicted for it, 0 where nothing was
   */
  observe(rows: number, length: number, latency: number, expected: number): void {
    this.#recent.scale(FORGETTING);
    const scale = expected > 0 ? expected : latency;
    this.#recent.add({ rows, length, latency, scale, weight: 1 });
    this.#observed += 1;
    if (this.#observed <= EAGER || this.#observed % INTERVAL === 0) this.#solve();
  }

  /**
   * Adds a measurement that is not forgotten.
   * @param weight in observations
   * @param whole the way to a worker and back is in it
   */
  anchor(rows: number, length: number, latency: number, weight: number, whole = false): void {
    const anchor = { rows, length, latency, scale: latency, weight };
    this.#anchor.add(anchor);
    if (!whole) {
      this.#computing.add(anchor);
      this.#swept = this.#computing.solve();
    }
    this.#solve();
  }

  /** Keeps a part of what was observed; all of the sweep. */
  fade(kept: number): void {
    this.#recent.scale(kept);
    this.#solve();
  }

  #solve(): void {
    const sum = new Moments();
    sum.merge(this.#anchor);
    sum.merge(this.#recent);
    this.#coefficients = sum.solve();
  }
}

interface Observation {
  readonly rows: number;
  readonly length: number;
  readonly latency: number;
  /** What its error is relative to, milliseconds. */
  readonly scale: number;
  readonly weight: number;
}

/** Sums of x x^T / e^2 (upper triangle) and of x L / e^2, for x = (1, b s, b s^2) and errors relative to e. */
class Moments {
  readonly #square = new Float64Array(9);
  readonly #right = new Float64Array(3);

  scale(factor: number): void {
    for (let i = 0; i < 9; i++) this.#square[i] = at(this.#square, i) * factor;
    for (let i = 0; i < 3; i++) this.#right[i] = at(this.#right, i) * factor;
  }

  add({ rows, length, latency, scale, weight }: Observation): void {
    const x = [1 / scale, (rows * length) / scale, (rows * length * length) / scale];
    for (let i = 0; i < 3; i++) {
      const xi = x[i] as number;
      this.#right[i] = at(this.#right, i) + weight * xi * (latency / scale);
      for (let j = 0; j < 3; j++) {
        this.#square[3 * i + j] = at(this.#square, 3 * i + j) + weight * xi * (x[j] as number);
      }
    }
  }

  merge(other: Moments): void {
    for (let i = 0; i < 9; i++) this.#square[i] = at(this.#square, i) + at(other.#square, i);
    for (let i = 0; i < 3; i++) this.#right[i] = at(this.#right, i) + at(other.#right, i);
  }

  solve(): Coefficients {
    let best: Coefficients = [0, 0, 0];
    let gained = 0;
    for (const subset of SUBSETS) {
      const scaled = this.#solveSubset(subset);
      if (scaled === undefined) continue;
      let gain = 0;
      const found = [0, 0, 0];
      for (const [place, term] of subset.entries()) {
        found[term] = scaled[place] as number;
        gain += (scaled[place] as number) * at(this.#right, term);
      }
      if (gain <= gained * (1 + BETTER)) continue;
      gained = gain;
      best = found as unknown as Coefficients;
    }
    return best;
  }

  /** The solution over some terms, or undefined where it is negative or not unique. */
  #solveSubset(terms: readonly number[]): number[] | undefined {
    const n = terms.length;
    const scale = terms.map((term) => Math.sqrt(at(this.#square, 4 * term)));
    if (scale.some((each) => each === 0)) return undefined;
    const rows = terms.map((row, i) => [
      ...terms.map((column, j) => at(this.#square, 3 * row + column) / at(scale, i) / at(scale, j)),
      at(this.#right, row) / at(scale, i),
    ]);
    for (let pivot = 0; pivot < n; pivot++) {
      const from = rows[pivot] as number[];
      if (at(from, pivot) < SINGULAR) return undefined;
      for (let i = pivot + 1; i < n; i++) {
        const row = rows[i] as number[];
        const factor = at(row, pivot) / at(from, pivot);
        for (let j = pivot; j <= n; j++) row[j] = at(row, j) - factor * at(from, j);
      }
    }
    const solution = new Array<number>(n).fill(0);
    for (let i = n - 1; i >= 0; i--) {
      const row = rows[i] as number[];
      let value = at(row, n);
      for (let j = i + 1; j < n; j++) value -= at(row, j) * at(solution, j);
      solution[i] = value / at(row, i);
      if (at(solution, i) < 0) return undefined;
    }
    return solution.map((value, i) => value / at(scale, i));
  }
}

const at = (values: ArrayLike<number>, index: number): number => values[index] as number;
