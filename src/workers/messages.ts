import { type Code, fromUnknown, type RejectReason } from '../errors.ts';
import type { Signature } from '../inference/signature.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import type { SampleOptions } from './sample-inputs.ts';
import type { SessionOptions } from './session-options.ts';

/** What a worker thread is started with. */
export interface WorkerSetup {
  readonly path: string;
  readonly session: SessionOptions;
  /** What the file has to be, by `stampOf`; undefined for the first instances. */
  readonly stamp: string | undefined;
  /** Run before the first task: what the instance that is being replaced was warmed with. */
  readonly warm: WarmTask | undefined;
}

/** Errors cross a thread or process boundary as data. */
export interface Failure {
  readonly ok: false;
  readonly code: Code;
  readonly message: string;
  readonly reason?: RejectReason | undefined;
  /** The worker has no session: whatever it is asked fails. */
  readonly unopened?: true;
}

export interface Described {
  readonly ok: true;
  readonly signature: Signature;
  readonly omittedOutputs: readonly string[];
  /** Of the file that was opened. */
  readonly stamp: string | undefined;
}

export interface RunTask {
  /** Numeric data lies in shared memory. */
  readonly inputs: TensorMap;
  readonly outputs: readonly string[] | undefined;
}

export interface RunDone {
  readonly ok: true;
  readonly outputs: TensorMap;
  /** On the clock of `monotonic()`. */
  readonly inferStart: number;
  readonly inferEnd: number;
}

export interface WarmTask {
  /** Batch sizes. */
  readonly sizes: readonly number[];
  /** What the sample inputs have to be like for this model to run. */
  readonly sample: SampleOptions;
}

export interface WarmDone {
  readonly ok: true;
  /** Milliseconds of the fastest run of each size, in the order asked; NaN where the model refused the sample. */
  readonly times: readonly number[];
}

export type Reply<Done> = Done | Failure;

export function failure(error: unknown): Failure {
  const { code, message, reason } = fromUnknown(error);
  return { ok: false, code, message, ...(reason === undefined ? {} : { reason }) };
}
