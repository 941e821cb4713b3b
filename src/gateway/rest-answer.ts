import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalidArgument } from '../errors.ts';
import { answerHeaders, type RunDescription } from '../protocol/answer-headers.ts';
import type { RestHandlerRequest } from './rest-route.ts';

/** The signal of a request: aborted when its client goes away before the answer is out. */
export function disconnectSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** Milliseconds a client may set with `x-request-timeout-ms`; beyond a day it means no deadline. */
const MAX_TIMEOUT = 24 * 60 * 60 * 1000;

/** The deadline that `x-request-timeout-ms` asks for, on the clock of `performance.now()`: from the arrival of the headers. */
export function deadlineOf(request: Pick<FastifyRequest, 'headers' | 'arrivedAt'>): number | undefined {
  const text = request.headers['x-request-timeout-ms'];
  if (text === undefined) return undefined;
  const timeout = typeof text === 'string' && /^[0-9]{1,12}(\.[0-9]{1,6})?$/.test(text) ? Number(text) : 0;
  if (timeout === 0)
    throw invalidArgument('header x-request-timeout-ms must be a positive number of milliseconds');
  return timeout > MAX_TIMEOUT ? undefined : request.arrivedAt + timeout;
}

/** What `x-sluice-key` says: requests of one key stay on one arm of a rollout. */
export function keyOf(request: RestHandlerRequest): { readonly key?: string } {
  const key = request.headers['x-sluice-key'];
  return typeof key === 'string' ? { key } : {};
}

/** Headers of every answer that a model gave. */
export function describeRun(reply: FastifyReply, run: RunDescription): void {
  for (const [name, value] of answerHeaders(run)) reply.header(name, value);
}
