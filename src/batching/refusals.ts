import { type Code, InferenceError, unavailable } from '../errors.ts';
import type { CancelSignal } from '../inference/cancellation.ts';
import type { Verdict } from '../scheduling/admission.ts';

/** Why a request is refused, or dropped before it ran. */
export const refusals = {
  closing: () =>
    new InferenceError('unavailable', 'this model is closing and takes no more requests', {
      reason: 'draining',
    }),
  canceled: () =>
    new InferenceError('canceled', 'the request was canceled before it ran', { reason: 'canceled' }),
  late: () =>
    new InferenceError('deadline_exceeded', 'the deadline passed before the request could run', {
      reason: 'deadline',
    }),
  queueFull: (limit: number, retryAfter: number) =>
    new InferenceError('resource_exhausted', `the queue is full: max queue size is ${limit}`, {
      reason: 'queue_full',
      retryAfter,
    }),
  tooManyBytes: (limit: number, retryAfter: number) =>
    new InferenceError('resource_exhausted', `the requests in flight hold more than ${limit} bytes`, {
      reason: 'queue_full',
      retryAfter,
    }),
  tooLarge: (bytes: number, limit: number) =>
    new InferenceError(
      'payload_too_large',
      `the inputs take ${bytes} bytes, those of all requests in flight may take ${limit} (maxInFlightBytes)`,
    ),
  overload: (retryAfter: number) =>
    new InferenceError('resource_exhausted', 'there is more work than can be done in time', {
      reason: 'overload',
      retryAfter,
    }),
  infeasible: (milliseconds: number) =>
    new InferenceError(
      'deadline_exceeded',
      `the deadline cannot be kept: even alone the request takes about ${Number(milliseconds.toPrecision(2))} ms`,
      { reason: 'infeasible' },
    ),
  noLane: () => unavailable('none of the variants that may answer is loaded'),
} as const;

/** Of a request for which nothing else matters: the batcher closes, its client has gone, or its deadline has passed. */
export function refusalOnArrival(
  closing: boolean,
  signal: CancelSignal | undefined,
  deadline: number,
  now: number,
): InferenceError | undefined {
  if (closing) return refusals.closing();
  if (signal?.aborted) return refusals.canceled();
  return deadline > now ? undefined : refusals.late();
}

/** What the admission's verdict means for the request; undefined: no variant that may answer is there. */
export function refusalOf(verdict: Exclude<Verdict, { kind: 'accept' }> | undefined): InferenceError {
  switch (verdict?.kind) {
    case 'infeasible':
      return refusals.infeasible(verdict.earliest);
    case 'overload':
      return refusals.overload(verdict.retryAfter / 1000);
    case 'full': {
      const seconds = verdict.retryAfter / 1000;
      return verdict.bound === 'bytes'
        ? refusals.tooManyBytes(verdict.limit, seconds)
        : refusals.queueFull(verdict.limit, seconds);
    }
    case undefined:
      return refusals.noLane();
  }
}

const RUNNER_FAULTS: ReadonlySet<Code> = new Set([
  'unavailable',
  'resource_exhausted',
  'deadline_exceeded',
  'canceled',
  'unimplemented',
]);

/** Whether a failed run says nothing about its inputs, so that running parts of it again would not help. */
export const runnerIsAtFault = ({ code }: InferenceError): boolean => RUNNER_FAULTS.has(code);
