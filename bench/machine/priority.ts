import { execFileSync } from 'node:child_process';
import { constants, getPriority, setPriority } from 'node:os';

/** How the system schedules a process next to others. */
export type Priority = 'real-time' | 'high' | 'normal';

/**
 * Lets this process go before others until it is disposed, as far as the system allows it: clients have cores of their
 * own elsewhere, here they have to be given the one that is due when they are. Threads that are started meanwhile run
 * as this one does.
 */
export function raisePriority(): Disposable & { readonly priority: Priority } {
  if (schedule('--fifo', 1)) {
    return { priority: 'real-time', [Symbol.dispose]: () => void schedule('--other', 0) };
  }
  const before = getPriority();
  try {
    setPriority(constants.priority.PRIORITY_HIGH);
    return { priority: 'high', [Symbol.dispose]: () => setPriority(before) };
  } catch {
    return { priority: 'normal', [Symbol.dispose]: () => {} };
  }
}

/** Whether there is such a program, and the right to it. */
function schedule(policy: '--fifo' | '--other', priority: number): boolean {
  try {
    execFileSync('chrt', [policy, '--pid', String(priority), String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
