/** Where the batcher gets its time from; a test puts its own in. */
export interface Clock {
  /** Milliseconds on the clock that deadlines are given on. Never goes back. */
  now(): number;
  /** Calls `callback` once, `delay` milliseconds from now. Returns the way to stop it. */
  setTimer(callback: () => void, delay: number): () => void;
  /** Calls `callback` once, when everything that has already reached the process has been seen to. */
  turnEnd(callback: () => void): void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  setTimer(callback, delay) {
    const timer = setTimeout(callback, Math.ceil(delay));
    return () => clearTimeout(timer);
  },
  turnEnd: (callback) => void setImmediate(callback),
};
