/**
 * Where the time of one run went, in milliseconds; the boundaries are Triton's. One record feeds the response headers,
 * the metrics, the statistics and the log, so that they agree by construction.
 */
export interface Timings {
  /** From acceptance to the start of its batch. */
  readonly queue: number;
  /** Merging the inputs and handing them to the worker, until the session starts. */
  readonly computeInput: number;
  /** Inside the ONNX Runtime session. */
  readonly computeInfer: number;
  /** From the session's end until the outputs are back. */
  readonly computeOutput: number;
}

export const NO_TIME: Timings = Object.freeze({
  queue: 0,
  computeInput: 0,
  computeInfer: 0,
  computeOutput: 0,
});
