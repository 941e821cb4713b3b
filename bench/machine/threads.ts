import { readdir, readFile } from 'node:fs/promises';

const TICKS = 100;

/** CPU seconds of a process by what its threads are for. */
export interface ThreadCpu {
  /** The main thread: gateways, codecs, batching. */
  readonly main: number;
  /** Worker threads: sessions, tokenizers. */
  readonly workers: number;
  /** The engine's own: garbage collection, compilation, files. */
  readonly engine: number;
}

/** Reads /proc; all zero where the system has none. */
export async function threadCpu(pid: number): Promise<ThreadCpu> {
  const sums = { main: 0, workers: 0, engine: 0 };
  for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '');
    const end = stat.lastIndexOf(')');
    const name = stat.slice(stat.indexOf('(') + 1, end);
    const fields = stat.slice(end + 2).split(' ');
    const seconds = (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
    if (thread === String(pid)) sums.main += seconds;
    else if (name.startsWith('WorkerThread')) sums.workers += seconds;
    else sums.engine += seconds;
  }
  return sums;
}
