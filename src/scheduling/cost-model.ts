import { CellCorrections } from './cell-corrections.ts';
import { Interference } from './interference.ts';
import { type Coefficients, FORGETTING, LatencyFit, latencyOf } from './latency-fit.ts';
import { RatioQuantile } from './ratio-quantile.ts';

/** One measured batch. */
export interface Measurement {
  readonly rows: number;
  /** Padded length of the sequence axis; 1 where the model has none. */
  readonly length: number;
  /** Milliseconds. */
  readonly latency: number;
  /** What of it was computing, and not the way to a worker: all where left out. */
  readonly computed?: number | undefined;
}

/** What one process learned, for the next: plain data. */
export interface CostProfile {
  readonly coefficients: Coefficients;
  readonly inflation: number;
  readonly observations: number;
}

const COVERAGE_GOAL = 0.99;
const MOST_INFLATION = 3;
/** Before anything is measured. */
const FIRST_INFLATION = 1.15;
/** Measurements after which the bound is read anew; after each of as many at first. */
const FRESH_BOUND = 8;
const SWEEP_WEIGHT = 1;
/** A run that took longer than this many times what was expected was held up: what it cost is not known. */
const MOST_SURPRISE = 3;
const LEAST_BELIEF = 1 / 1024;
/** Batches on other variants after which what was learned here is faded, all at once: each alone changes little. */
const ELSEWHERE = 64;
/** All of an old profile counts for half of one measured batch of each size. */
const PROFILE_WEIGHT = 0.5;
const PROFILE_ROWS = [1, 2, 4, 8, 16];
const PROFILE_LENGTHS = [1, 16, 64, 128];

/**
 * By how many times measurements differ from a profile, in the middle of them: 1 where they agree, infinite where the
 * profile says nothing about them.
 */
export function disagreement({ coefficients }: CostProfile, measurements: readonly Measurement[]): number {
  const ratios = measurements
    .filter(({ latency }) => latency > 0)
    .map(({ rows, length, latency }) => latency / latencyOf(coefficients, rows, length))
    .sort((a, b) => a - b);
  const ratio = ratios[Math.floor(ratios.length / 2)] ?? Number.POSITIVE_INFINITY;
  return Math.max(ratio, 1 / ratio);
}

/**
 * What a batch of one variant costs, as a function of its rows and its padded length, learned while it runs. `predict`
 * is what to expect and is for comparing; `bound` is what 99 % of those that nothing held up stay below, and is for
 * promises. What holds batches up is the lateness margin's affair.
 */
export class CostModel {
  readonly #fit = new LatencyFit();
  readonly #cells = new CellCorrections();
  #ratios = new RatioQuantile(FIRST_INFLATION);
  readonly #interference: Interference;
  #inflation = FIRST_INFLATION;
  #belief = 1;
  #observations = 0;
  #covered = 0;
  #expected = 0;
  #measured = 0;
  #elsewhere = 0;

  constructor(interference: Interference = new Interference()) {
    this.#interference = interference;
  }

  /** Batches observed while serving. */
  get observations(): number {
    return this.#observations;
  }

  /** How many of them took no longer than their bound. */
  get covered(): number {
    return this.#covered;
  }

  /** Milliseconds that they were expected to take, those of sizes that nothing was known of not counted; and took. */
  get times(): { readonly expected: number; readonly measured: number } {
    return { expected: this.#expected, measured: this.#measured };
  }

  /** The bound over the expectation, 1 to 3. */
  get inflation(): number {
    return this.#inflation;
  }

  get coefficients(): Coefficients {
    return this.#fit.coefficients;
  }

  /** Expected milliseconds of a batch while `busy` slots run, its own included. 0 for what was never measured. */
  predict(rows: number, length: number, busy = 1): number {
    const fit = latencyOf(this.#fit.coefficients, rows, length);
    return fit * this.#cells.factor(rows, length) * this.#interference.factor(busy) * this.#belief;
  }

  /** Milliseconds that a batch exceeds once in a hundred times, held-up ones not counted. */
  bound(rows: number, length: number, busy = 1): number {
    return this.predict(rows, length, busy) * this.#inflation;
  }

  observe({ rows, length, latency, computed = latency }: Measurement, busy = 1): void {
    if (!(latency > 0)) return;
    this.#belief = 1;
    const factor = this.#interference.factor(busy);
    const expected = this.predict(rows, length, busy);
    // Held up by something else on the machine, a run says much about the bound and little about the cost.
    const usable = expected > 0 ? Math.min(latency, expected * MOST_SURPRISE) : latency;
    this.#observations += 1;
    if (expected > 0) {
      this.#expected += expected;
      this.#measured += latency;
      if (latency <= expected * this.#inflation) this.#covered += 1;
      this.#ratios.add(latency / expected);
      if (this.#observations <= FRESH_BOUND || this.#observations % FRESH_BOUND === 0)
        this.#inflation = Math.min(Math.max(this.#ratios.quantile(COVERAGE_GOAL), 1), MOST_INFLATION);
    }
    // Over the sweep, not over what is expected: two that learn from each other drift together.
    const swept = latencyOf(this.#fit.swept, rows, length);
    if (swept > 0 && computed > 0) this.#interference.observe(busy, Math.min(computed, usable) / swept);
    const alone = usable / this.#interference.factor(busy);
    this.#fit.observe(rows, length, alone, expected / factor);
    const fit = latencyOf(this.#fit.coefficients, rows, length);
    if (fit > 0) this.#cells.observe(rows, length, alone / fit);
  }

  /**
   * A batch ran on another variant, or apart. What is not measured fades back to the sweep: a variant that once ran in a
   * bad moment, and is avoided since, would never be seen to be better.
   */
  ranElsewhere(): void {
    this.#elsewhere += 1;
    if (this.#elsewhere % ELSEWHERE !== 0) return;
    const kept = FORGETTING ** ELSEWHERE;
    this.#fit.fade(kept);
    this.#cells.passed(ELSEWHERE);
  }

  /**
   * Halves what is believed until the next observation: for when the predictions keep everything from running, so that
   * nothing could show them wrong.
   */
  doubt(): void {
    this.#belief = Math.max(this.#belief / 2, LEAST_BELIEF);
  }

  /** Takes in the sweep that was run when the variant was opened: each size alone on the node. */
  sweep(measurements: readonly Measurement[]): void {
    for (const { rows, length, latency } of measurements) {
      if (latency > 0) this.#fit.anchor(rows, length, latency, SWEEP_WEIGHT);
    }
  }

  /** Takes in runs that went the whole way to a worker and back. */
  roundTrips(measurements: readonly Measurement[]): void {
    for (const { rows, length, latency } of measurements) {
      if (latency > 0) this.#fit.anchor(rows, length, latency, SWEEP_WEIGHT, true);
    }
  }

  export(): CostProfile {
    return {
      coefficients: this.#fit.coefficients,
      inflation: this.#inflation,
      observations: this.#observations,
    };
  }

  /**
   * A profile of an earlier process helps where nothing is measured yet, and weighs little against what is. To be called
   * before the first batch.
   * @param share how much of that little it still counts, 0 to 1: less when it is old
   */
  import({ coefficients, inflation }: CostProfile, share = 1): void {
    const weight = (share * PROFILE_WEIGHT) / (PROFILE_ROWS.length * PROFILE_LENGTHS.length);
    if (!(weight > 0)) return;
    for (const rows of PROFILE_ROWS) {
      for (const length of PROFILE_LENGTHS) {
        const latency = latencyOf(coefficients, rows, length);
        if (latency > 0 && Number.isFinite(latency)) this.#fit.anchor(rows, length, latency, weight);
      }
    }
    const known = Math.min(Math.max(inflation, 1), MOST_INFLATION);
    this.#inflation = FIRST_INFLATION * (known / FIRST_INFLATION) ** Math.min(share, 1);
    this.#ratios = new RatioQuantile(this.#inflation);
  }
}
