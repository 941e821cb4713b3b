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

/** The next message of a child but for those that `skips` takes. Rejects where the child ends instead. */
export function nextMessage<Message>(
  child: ChildProcess,
  name: string,
  skips: (message: Message) => boolean = () => false,
): Promise<Message> {
  return new Promise((resolve, reject) => {
    const hear = (message: Message): void => {
      if (skips(message)) return;
      stop();
      resolve(message);
    };
    const die = (code: number | null): void => {
      stop();
      reject(new Error(`${name} ended with ${code}`));
    };
    const stop = (): void => {
      child.off('message', hear);
      child.off('exit', die);
    };
    child.on('message', hear);
    child.on('exit', die);
  });
}
