import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { answerHeaders, type RunDescription } from '../protocol/answer-headers.ts';

/** The signal of a request: aborted when its client goes away before the answer is out. */
export function disconnectSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** Headers of every answer that a model gave. */
export function describeRun(reply: FastifyReply, run: RunDescription): void {
  for (const [name, value] of answerHeaders(run)) reply.header(name, value);
}
