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

/** Cores that were busy on average, by whom. */
export interface CoresUsed {
  /** NaN where it is not known. */
  readonly server: number;
  readonly generator: number;
  /** Whatever else runs on the machine; NaN where the server's are not known. */
  readonly others: number;
}

export interface CpuReading {
  /** Milliseconds. */
  readonly time: number;
  /** CPU seconds. */
  readonly machine: number;
  readonly server: number;
}

/** CPU time so far, of the machine and of a server where its process is known. */
export async function readCpu(pid = Number.NaN): Promise<CpuReading> {
  const time = performance.now();
  const machine = machineCpu();
  return { time, machine, server: await processCpu(pid) };
}

/** @param generator cores that the load took */
export function coresBetween(before: CpuReading, after: CpuReading, generator: number): CoresUsed {
  const seconds = (after.time - before.time) / 1000;
  const server = (after.server - before.server) / seconds;
  const machine = (after.machine - before.machine) / seconds;
  return { server, generator, others: Math.max(0, machine - server - generator) };
}
