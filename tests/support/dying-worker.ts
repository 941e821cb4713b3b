import type { RunTask } from '../../src/workers/messages.ts';
import { run as serve } from '../../src/workers/worker.ts';

export { describe, warm } from '../../src/workers/worker.ts';

/** A worker thread that ends when it is asked to add to a NaN, as one does that runs out of heap. */
export function run(task: RunTask): unknown {
  const data = task.inputs.get('a')?.data;
  if (typeof data?.[0] === 'number' && Number.isNaN(data[0])) process.exit(1);
  return serve(task);
}
