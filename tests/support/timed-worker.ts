import { workerData } from 'node:worker_threads';
import { valueSymbol } from 'piscina';
import type { RunDone, RunTask, WarmDone, WarmTask, WorkerSetup } from '../../src/workers/messages.ts';
import { run as compute } from '../../src/workers/worker.ts';

export { describe } from '../../src/workers/worker.ts';

const { session, path }: WorkerSetup = workerData;
if (path.includes('few-threads') && session.intraOpThreads > 1) throw new Error('no more memory');

/** What a run takes, milliseconds: less with more threads, unless the file's name says otherwise. */
const TIME = 24 / (path.includes('no-faster') ? 1 : session.intraOpThreads);

/** A worker thread that says how long its runs took, and ends when it is asked to add to a NaN. */
export function run(task: RunTask): RunDone {
  if (Number.isNaN(task.inputs.get('a')?.data[0])) process.exit(1);
  const done = (compute(task) as { readonly [valueSymbol]: RunDone })[valueSymbol];
  return { ...done, inferEnd: done.inferStart + TIME };
}

export const warm = ({ sizes }: WarmTask): WarmDone => ({ ok: true, times: sizes.map(() => TIME) });
