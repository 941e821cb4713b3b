import { type Code, InferenceError, type RejectReason } from '../errors.ts';
import type { TaskRequest } from '../inference/task-plane.ts';
import type { InferenceRequest, InferenceResponse } from '../inference/types.ts';
import { monotonic } from '../workers/monotonic.ts';
import { type PackedTensor, type Payload, unpack } from './packed-tensors.ts';

/** A request on its way to the main thread. Its times are on the clock that all threads share. */
export interface PackedRequest extends Omit<InferenceRequest, 'inputs' | 'signal'> {
  readonly tensors: readonly PackedTensor[];
}

export type PackedTask = Omit<TaskRequest, 'signal'>;

export interface PackedResponse extends Omit<InferenceResponse, 'outputs'> {
  readonly tensors: readonly PackedTensor[];
}

export interface PackedError {
  readonly code: Code;
  readonly message: string;
  readonly retryAfter?: number;
  readonly reason?: RejectReason;
  /** What went wrong, for the log. */
  readonly cause?: string;
}

/** Milliseconds between zero of the clock that all threads share and that of `performance.now()` in this one. */
const ZERO = monotonic() - performance.now();

interface Timed {
  readonly deadline?: number | undefined;
  readonly arrivedAt?: number;
}

function shifted<T extends Timed>(timed: T, milliseconds: number): T {
  const { deadline, arrivedAt } = timed;
  return {
    ...timed,
    ...(deadline === undefined ? {} : { deadline: deadline + milliseconds }),
    ...(arrivedAt === undefined ? {} : { arrivedAt: arrivedAt + milliseconds }),
  };
}

export function packRequest(request: InferenceRequest, payload: Payload): PackedRequest {
  const { inputs, signal: _, ...rest } = request;
  return { ...shifted(rest, ZERO), tensors: payload.pack(inputs) };
}

export function unpackRequest(
  { tensors, ...rest }: PackedRequest,
  bytes: ArrayBuffer,
): Omit<InferenceRequest, 'signal'> {
  return { ...shifted(rest, -ZERO), inputs: unpack(tensors, bytes) };
}

export const packTask = ({ signal: _, ...rest }: TaskRequest): PackedTask => shifted(rest, ZERO);

export const unpackTask = (task: PackedTask): PackedTask => shifted(task, -ZERO);

export function packResponse({ outputs, ...rest }: InferenceResponse, payload: Payload): PackedResponse {
  return { ...rest, tensors: payload.pack(outputs) };
}

export function unpackResponse({ tensors, ...rest }: PackedResponse, bytes: ArrayBuffer): InferenceResponse {
  return { ...rest, outputs: unpack(tensors, bytes) };
}

export function packError({ code, message, retryAfter, reason, cause }: InferenceError): PackedError {
  return {
    code,
    message,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(reason === undefined ? {} : { reason }),
    ...(cause === undefined
      ? {}
      : { cause: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }),
  };
}

export function unpackError({ code, message, cause, ...details }: PackedError): InferenceError {
  return new InferenceError(code, message, { ...details, ...causeOf(cause) });
}

/** Carries the stack of the thread in which it was thrown. */
function causeOf(stack: string | undefined): { cause?: Error } {
  if (stack === undefined) return {};
  const cause = new Error(stack.split('\n', 1)[0]);
  cause.stack = stack;
  return { cause };
}
