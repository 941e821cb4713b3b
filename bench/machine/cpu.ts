import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** Clock ticks per second of /proc: fixed at 100 by the kernel's interface to programs. */
const TICKS = 100;

/** CPU seconds that a process and its children that ended have used; NaN where the system does not tell. */
export async function processCpu(pid: number): Promise<number> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
  } catch {
    return Number.NaN;
  }
}

/** CPU seconds that the machine has spent on anything. */
export function machineCpu(): number {
  let busy = 0;
  for (const { times } of cpus()) busy += times.user + times.nice + times.sys + times.irq;
  return busy / 1000;
}
