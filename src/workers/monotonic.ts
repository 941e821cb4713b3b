/** Milliseconds on a clock that all threads of the process share; `performance.now()` starts anew in each of them. */
export function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
