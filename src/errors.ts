/**
 * The one error of the house. A code says what went wrong in the terms of gRPC's canonical codes;
 * the numbers of HTTP and gRPC live in `protocol/status.ts`, nowhere else.
 */
export const CODES = [
  'invalid_argument',
  'not_found',
  'failed_precondition',
  'payload_too_large',
  'resource_exhausted',
  'deadline_exceeded',
  'canceled',
  'unavailable',
  'unimplemented',
  'internal',
] as const;

export type Code = (typeof CODES)[number];

export interface ErrorDetails {
  /** Seconds after which a retry can succeed; sent as `Retry-After`. */
  readonly retryAfter?: number;
  /** Why a request was refused or dropped: a bounded set, used as a metric label. */
  readonly reason?: RejectReason;
  /** Kept for the log, never sent to a client. */
  readonly cause?: unknown;
}

export type RejectReason =
  | 'queue_full'
  | 'deadline'
  | 'canceled'
  | 'draining'
  | 'infeasible'
  | 'overload'
  | 'failed';

export class InferenceError extends Error {
  override readonly name = 'InferenceError';
  readonly code: Code;
  readonly retryAfter: number | undefined;
  readonly reason: RejectReason | undefined;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    // Nobody reads the stack of a refusal, and taking it costs more than the rest of refusing.
    const frames = Error.stackTraceLimit;
    if (code !== 'internal') Error.stackTraceLimit = 0;
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    Error.stackTraceLimit = frames;
    this.code = code;
    this.retryAfter = details.retryAfter;
    this.reason = details.reason;
  }
}

export const invalidArgument = (message: string): InferenceError =>
  new InferenceError('invalid_argument', message);

export const notFound = (message: string): InferenceError => new InferenceError('not_found', message);

export const unavailable = (message: string): InferenceError => new InferenceError('unavailable', message);

/** The one place where a strange throw becomes ours: its text stays in the log, the client reads "internal error". */
export function fromUnknown(error: unknown): InferenceError {
  if (error instanceof InferenceError) return error;
  return new InferenceError('internal', 'internal error', { cause: error });
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
