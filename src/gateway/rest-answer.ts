import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { Cancellation, type CancelSignal } from '../inference/cancellation.ts';
import { answerHeaders, type RunDescription } from '../protocol/answer-headers.ts';

/** The signal of a request: aborted when its client goes away before the answer is out. */
export function disconnectSignal(response: ServerResponse): CancelSignal {
  const cancellation = new Cancellation();
  response.once('close', () => {
    if (!response.writableFinished) cancellation.abort();
  });
  return cancellation;
}

/** Headers of every answer that a model gave. */
export function describeRun(reply: FastifyReply, run: RunDescription): void {
  for (const [name, value] of answerHeaders(run)) reply.header(name, value);
}
