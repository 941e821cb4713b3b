import type { Timings } from '../inference/timings.ts';

/** The value of a `Server-Timing` header: where the time of the run went, milliseconds. */
export const serverTiming = ({ queue, computeInput, computeInfer, computeOutput }: Timings): string =>
  `queue;dur=${queue.toFixed(3)}, compute_input;dur=${computeInput.toFixed(3)}, ` +
  `compute_infer;dur=${computeInfer.toFixed(3)}, compute_output;dur=${computeOutput.toFixed(3)}`;
