import type { RunTask } from '../../src/workers/messages.ts';
import { run as serve } from '../../src/workers/worker.ts';

export { describe, warm } from '../../src/workers/worker.ts';

/** A worker thread that ends when it is asked to compute with a NaN, as one does that runs out of heap. */
export function run(task: RunTask): unknown {
  const [first] = task.inputs.values();
  if (Number.isNaN(first?.data[0])) process.exit(1);
  return serve(task);
}
