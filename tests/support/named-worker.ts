import { threadId, workerData } from 'node:worker_threads';
import { valueSymbol } from 'piscina';
import type { Reply, RunDone, RunTask, WarmDone, WarmTask, WorkerSetup } from '../../src/workers/messages.ts';
import { run as compute, warm as heat } from '../../src/workers/worker.ts';

export { describe } from '../../src/workers/worker.ts';

const setup: WorkerSetup = workerData;
let isWarm = setup.warm !== undefined;

/** A worker thread that tells its id as the milliseconds its run took, and runs nothing before it is warm. */
export function run(task: RunTask): Reply<RunDone> {
  if (!isWarm) return { ok: false, code: 'internal', message: 'not warm' };
  const done = (compute(task) as { readonly [valueSymbol]: RunDone })[valueSymbol];
  return { ...done, inferEnd: done.inferStart + threadId };
}

export function warm(task: WarmTask): Reply<WarmDone> {
  isWarm = true;
  return heat(task);
}
