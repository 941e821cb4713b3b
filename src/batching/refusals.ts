import { type Code, InferenceError } from '../errors.ts';

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
} as const;

const RUNNER_FAULTS: ReadonlySet<Code> = new Set([
  'unavailable',
  'resource_exhausted',
  'deadline_exceeded',
  'canceled',
  'unimplemented',
]);

/** Whether a failed run says nothing about its inputs, so that running parts of it again would not help. */
export const runnerIsAtFault = ({ code }: InferenceError): boolean => RUNNER_FAULTS.has(code);
