import type { Read, Traffic } from '../inputs/requests.ts';
import type { HistogramData } from '../statistics/histogram.ts';
import type { TargetSpec } from '../targets/target.ts';
import type { Arrivals } from './arrivals.ts';

/** What a generator process sends, and where to. */
export interface GeneratorSetup {
  readonly target: TargetSpec;
  readonly traffic: readonly Traffic[];
  readonly seed: number;
}

/** How requests are sent. */
export type Load =
  /** So many requests are out at any time; the next goes when one is answered. */
  | {
      readonly kind: 'closed';
      readonly concurrency: number;
      /** `autocannon` drives the REST forms while the server keeps connections, `own` everything. */
      readonly driver: 'autocannon' | 'own';
      /** Requests that go together and count as one, whose latency is the slowest one's; 1 by default. */
      readonly together?: number;
    }
  /** Requests go at times that are set beforehand, whatever becomes of those before them. */
  | { readonly kind: 'open'; readonly arrivals: Arrivals; readonly seed: number };

export interface Window {
  readonly load: Load;
  /** Milliseconds of load before anything counts. */
  readonly warmUp: number;
  /** Milliseconds that count. */
  readonly duration: number;
}

/** What one window measured. Only answers count: failures are neither throughput nor latency. */
export interface WindowResult {
  /** Length of the window, seconds. */
  readonly seconds: number;
  /** Answers that came in the window; in open load to requests from before it, too. */
  readonly answered: number;
  /** Their rows. */
  readonly rows: number;
  /** Failed requests by what went wrong. */
  readonly failures: Readonly<Record<string, number>>;
  /** The server's words about the first failure of each kind that it had words for. */
  readonly failureMessages?: Readonly<Record<string, string>>;
  /**
   * Milliseconds. In open load from the time a request was meant to go, and of all requests that were meant to go in
   * the window, also where the answer came after it.
   */
  readonly latency: HistogramData;
  readonly byModel: Readonly<Record<string, { readonly answered: number; readonly latency: HistogramData }>>;
  /** How late requests went, milliseconds; open load only. */
  readonly lateness?: HistogramData;
  /** The server ends connections: the suite's own loop measured in place of autocannon. */
  readonly endsConnections?: boolean;
  /** CPU time of the generator in the window, seconds. */
  readonly generatorCpu: number;
}

export type ToGenerator =
  | { readonly kind: 'open'; readonly setup: GeneratorSetup }
  | { readonly kind: 'window'; readonly window: Window }
  | { readonly kind: 'close' };

export type FromGenerator =
  /** With what the requests to each model were made from. */
  | { readonly kind: 'opened'; readonly read: readonly Read[] }
  /** The warm-up is over. */
  | { readonly kind: 'measuring' }
  | { readonly kind: 'progress'; readonly answered: number; readonly failed: number }
  | { readonly kind: 'result'; readonly result: WindowResult }
  | { readonly kind: 'failed'; readonly message: string };
