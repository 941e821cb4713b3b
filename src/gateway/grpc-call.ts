import { Metadata, type StatusObject, type status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Code, InferenceError } from '../errors.ts';
import { Cancellation, type CancelSignal } from '../inference/cancellation.ts';
import type { InferenceResponse } from '../inference/types.ts';
import { answerHeaders } from '../protocol/answer-headers.ts';
import { STATUS } from '../protocol/status.ts';
import { requestIdOf } from './request-id.ts';

/**
 * Told once for every request, each message of a stream being one: the gRPC method, how it ended, how long it took and
 * how large its message was. Must not throw.
 */
export type GrpcRequestEnded = (method: string, code: Code | 'ok', seconds: number, bytesIn: number) => void;

/** Longest message of a status, percent-encoded: it travels in a header, whose size clients bound (C-core at 8 KiB). */
const MAX_DETAILS = 2048;

/** What grpc-js tells of any call, unary or streamed. */
export interface CallSurface {
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  getPeer(): string;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** What lives as long as a call: who it is, until when it is wanted, and whether it still is. */
export interface CallContext {
  readonly requestId: string;
  /** On the clock of `performance.now()`, milliseconds. */
  readonly deadline: number | undefined;
  /** What the metadata `x-sluice-key` says: requests of one key stay on one arm of a rollout. */
  readonly key: string | undefined;
  /** Address of the client. */
  readonly client: string;
  /** Aborted when the client cancels or is gone. */
  readonly signal: CancelSignal;
  /** To be called when the call is answered: from then on its end is no cancellation. */
  settle(): void;
}

export function openCall(call: CallSurface): CallContext {
  const signal = new Cancellation();
  let settled = false;
  // grpc-js emits this at the end of every call, answered ones too.
  call.on('cancelled', () => {
    if (!settled) signal.abort();
  });
  return {
    requestId: requestIdOf(call.metadata.get('x-request-id')[0]),
    deadline: deadlineOf(call.getDeadline()),
    key: call.metadata.get('x-sluice-key')[0]?.toString(),
    client: call.getPeer().replace(/:\d+$/, ''),
    signal,
    settle: () => {
      settled = true;
    },
  };
}

/** grpc-js keeps deadlines on the wall clock; from here on only the monotonic one counts. */
function deadlineOf(deadline: Date | number): number | undefined {
  const at = Number(deadline);
  return Number.isFinite(at) ? performance.now() + at - Date.now() : undefined;
}

/** Clients keep the deadline too, and cancel when it has come: a little before the server's copy of it, or after. */
const DEADLINE_SLACK = 20;

/** The code a call is counted under: one that its deadline ended looks cancelled to whoever waited for its run. */
export const countedCode = (error: InferenceError, { deadline = Infinity }: CallContext): Code =>
  error.code === 'canceled' && performance.now() >= deadline - DEADLINE_SLACK
    ? 'deadline_exceeded'
    : error.code;

export function callTrailers(context: Pick<CallContext, 'requestId'>): Metadata {
  const trailers = new Metadata();
  trailers.set('x-request-id', context.requestId);
  return trailers;
}

/** What a REST answer says in its headers. */
export function answerTrailers(context: CallContext, response: InferenceResponse): Metadata {
  const trailers = callTrailers(context);
  for (const [name, value] of answerHeaders(response)) trailers.set(name, value);
  return trailers;
}

/** An error as grpc-js sends it; the client may retry after the seconds in `retry-after`. */
export function errorStatus(error: InferenceError, context: Pick<CallContext, 'requestId'>): StatusObject {
  const metadata = callTrailers(context);
  if (error.retryAfter !== undefined) {
    metadata.set('retry-after', String(Math.max(1, Math.ceil(error.retryAfter))));
    metadata.set('grpc-retry-pushback-ms', String(Math.ceil(error.retryAfter * 1000)));
  }
  return {
    code: STATUS[error.code].grpc satisfies status,
    details: headerText(error.message),
    metadata,
  };
}

/** The beginning of a text that fits: encoded, a character of it may take nine in the header. */
function headerText(text: string): string {
  const start = text.slice(0, MAX_DETAILS).toWellFormed();
  if (encodeURI(start).length <= MAX_DETAILS) return start;
  let size = 0;
  let end = 0;
  for (const character of start) {
    size += encodeURI(character).length;
    if (size > MAX_DETAILS) break;
    end += character.length;
  }
  return start.slice(0, end);
}

/** Only a fault of ours is logged as one; its cause is for the log alone. */
export function logError(
  logger: Logger,
  method: string,
  error: InferenceError,
  { requestId }: Pick<CallContext, 'requestId'>,
): void {
  if (error.code === 'internal')
    logger.error({ err: error.cause ?? error, method, requestId }, 'call failed');
  else logger.debug({ code: error.code, method, requestId }, 'call refused');
}
