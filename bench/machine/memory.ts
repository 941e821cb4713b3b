import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Resident bytes of a process; NaN where the system does not tell. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
  return kilobytes === undefined ? Number.NaN : Number(kilobytes) * 1024;
}

/** Resident bytes, once every `interval` milliseconds until the work is done. */
export async function watchMemory(pid: number, work: Promise<unknown>, interval: number): Promise<number[]> {
  const seen: number[] = [];
  let running = true;
  const end = work.finally(() => {
    running = false;
  });
  while (running) {
    seen.push(await residentBytes(pid));
    await Promise.race([sleep(interval), end]);
  }
  return seen;
}

/** The slope of the line through evenly spaced values by least squares, per step. */
export function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  let [above, below] = [0, 0];
  for (const [index, value] of values.entries()) {
    above += (index - middle) * value;
    below += (index - middle) ** 2;
  }
  return above / below;
}
