/** A variant as a dot in a picture. */
export interface Mark {
  readonly name: string;
  /** Latency in milliseconds, above zero. */
  readonly ms: number;
  /** Fraction, 0 to 1. */
  readonly accuracy: number;
  readonly interval?: readonly [least: number, most: number];
  readonly bytes: number;
}

/** Whether another one is as fast and as accurate, and better in one of both. */
export const isDominated = (mark: Mark, among: readonly Mark[]): boolean =>
  among.some(
    ({ ms, accuracy }) =>
      ms <= mark.ms && accuracy >= mark.accuracy && (ms < mark.ms || accuracy > mark.accuracy),
  );
