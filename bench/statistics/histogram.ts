/** Counts by bucket, as they travel between processes and into files: only buckets that are not empty. */
export interface HistogramData {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Bucket numbers, ascending, and their counts. */
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
}

/** Values below this have a bucket each; above, every doubling is split in as many halves of it: 0.4 % wide at most. */
const LINEAR = 512;
const HALF = LINEAR / 2;
const LINEAR_BITS = 9;

/** Microseconds in a millisecond: the resolution of a bucket. */
const UNIT = 1000;

/**
 * Latencies in milliseconds, from 1 microsecond up, in buckets whose width grows with the value (as HdrHistogram has
 * them): any number of values in bounded memory, and histograms of several windows add up without loss.
 */
export class Histogram {
  readonly #counts: number[] = [];
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  static from(data: HistogramData): Histogram {
    const histogram = new Histogram();
    histogram.add(data);
    return histogram;
  }

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  get mean(): number {
    return this.#count === 0 ? Number.NaN : this.#sum / this.#count;
  }

  record(value: number): void {
    const bucket = bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  add(data: HistogramData): void {
    for (const [index, bucket] of data.buckets.entries()) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (data.counts[index] ?? 0);
    }
    this.#count += data.count;
    this.#sum += data.sum;
    if (data.count === 0) return;
    this.#min = Math.min(this.#min, data.min);
    this.#max = Math.max(this.#max, data.max);
  }

  /** The value that a share `quantile` (0 to 1) of all values do not exceed; NaN when there are none. */
  quantile(quantile: number): number {
    return this.ranked(Math.max(1, Math.ceil(quantile * this.#count)));
  }

  /** The `rank`-th smallest value, counted from 1. */
  ranked(rank: number): number {
    if (this.#count === 0) return Number.NaN;
    if (rank >= this.#count) return this.#max;
    let seen = 0;
    for (const bucket of this.#filled()) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, middleOf(bucket)));
    }
    return this.#max;
  }

  /** How many values are larger than `bound`, as far as the buckets tell. */
  above(bound: number): number {
    let found = 0;
    for (const bucket of this.#filled()) if (middleOf(bucket) > bound) found += this.#counts[bucket] ?? 0;
    return found;
  }

  toData(): HistogramData {
    const buckets = this.#filled();
    return {
      count: this.#count,
      sum: this.#sum,
      min: this.#count === 0 ? 0 : this.#min,
      max: this.#max,
      buckets,
      counts: buckets.map((bucket) => this.#counts[bucket] ?? 0),
    };
  }

  /** The array has holes where no value fell: its keys are the buckets in use, ascending. */
  #filled(): number[] {
    return Object.keys(this.#counts).map(Number);
  }
}

function bucketOf(value: number): number {
  const units = Math.max(0, Math.round(value * UNIT));
  if (units < LINEAR) return units;
  const shift = Math.floor(Math.log2(units)) - LINEAR_BITS + 1;
  return shift * HALF + Math.floor(units / 2 ** shift);
}

function middleOf(bucket: number): number {
  if (bucket < LINEAR) return bucket / UNIT;
  const shift = Math.floor(bucket / HALF) - 1;
  const start = (bucket - shift * HALF) * 2 ** shift;
  return (start + (2 ** shift - 1) / 2) / UNIT;
}
