/** Windows that must agree, and how near (largest to smallest): perf_analyzer's rule. */
export const STABLE_WINDOWS = 3;
export const STABLE_WITHIN = 0.1;

export interface Steady {
  /** Answers per second. */
  readonly throughput: number;
  /** Milliseconds. */
  readonly latency: number;
}

/** Whether the last windows agree in throughput and in latency. */
export function isStable(windows: readonly Steady[]): boolean {
  if (windows.length < STABLE_WINDOWS) return false;
  const last = windows.slice(-STABLE_WINDOWS);
  return agree(last.map(({ throughput }) => throughput)) && agree(last.map(({ latency }) => latency));
}

function agree(values: readonly number[]): boolean {
  const least = Math.min(...values);
  return least > 0 && Math.max(...values) <= least * (1 + STABLE_WITHIN);
}
