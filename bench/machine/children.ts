import type { ChildProcess } from 'node:child_process';

/** Exit code of a program that a signal ended, as shells have it for SIGINT. */
const INTERRUPTED = 130;

/** The child ends with this process at the latest, however it ends. */
export function endWithUs(child: ChildProcess): void {
  const end = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
}

/** Signals end this process in the way in which `endWithUs` works: by default they skip what is to be done at exit. */
export function endChildrenOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(INTERRUPTED));
  }
}
