import type { Configuration } from './configuration.ts';
import type { Sample } from './figures.ts';

/** Where configurations are measured against each other. */
export interface Arena {
  /** Makes a configuration ready to be measured. Rejects with the reason where it cannot be served. */
  open(configuration: Configuration): Promise<void>;
  close(configuration: Configuration): Promise<void>;
  /** One window of a closed loop. Rejects where the first request is answered with an error. */
  measure(configuration: Configuration, concurrency: number, window: WindowTimes): Promise<Sample>;
  /** Milliseconds, from anywhere. */
  now(): number;
}

/** Milliseconds. */
export interface WindowTimes {
  readonly warmUp: number;
  readonly duration: number;
}

export interface RaceProgress {
  /** What is going on; `share` of the budget is used. */
  status(text: string, share: number): void;
  /** A round is over; `lines` say what it found, the best first. */
  round(title: string, lines: readonly string[]): void;
}
