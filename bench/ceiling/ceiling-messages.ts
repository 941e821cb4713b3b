import type { Lengths } from '../inputs/lengths.ts';
import type { HistogramData } from '../statistics/histogram.ts';

export interface CeilingSetup {
  /** The ONNX file. */
  readonly path: string;
  readonly intraOpThreads: number;
  readonly lengths: Lengths;
  readonly largestId: number;
  readonly seed: number;
}

/** Runs of `rows` rows, one after the other, for `duration` milliseconds. */
export interface CeilingTask {
  readonly rows: number;
  readonly duration: number;
}

export interface CeilingDone {
  readonly rows: number;
  /** Rows that a run had; fewer than asked for where the model takes no more. */
  readonly taken: number;
  /** Milliseconds. */
  readonly elapsed: number;
  /** Milliseconds per run. */
  readonly latency: HistogramData;
}

/** The runs, or why there are none. */
export type CeilingAnswer = CeilingDone | { readonly failure: string };
