import type { FastifyInstance } from 'fastify';
import { type ByteBudget, SMALL } from './byte-budget.ts';

/**
 * Milliseconds in which a client must have taken some of a long answer: a router that lost its way is back by then. Node
 * looks once in that time whether there was progress, so that it can last twice as long.
 */
export const UNREAD_TIMEOUT = 60_000;

/**
 * Counts the bytes of answers until the system has taken them, which waits for their clients to read: no answer is dropped
 * for them, but bodies are refused meanwhile. To be added after everything that changes what is sent.
 * @param timeout milliseconds after which a connection is cut over which no byte of a long answer has gone
 */
export function addAnswerBudget(app: FastifyInstance, budget: ByteBudget, timeout = UNREAD_TIMEOUT): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const bytes = lengthOf(payload);
    // Of a response that is closed nobody would be told to give back what is taken now.
    if (bytes > SMALL && !reply.raw.destroyed) {
      budget.add(bytes);
      reply.raw.once('close', () => budget.give(bytes));
      // Node sets another when the answer is out.
      request.socket.setTimeout(timeout);
    }
    done(null, payload);
  });
}

/** Of a stream, which nothing but the documentation is sent as, none is known. */
function lengthOf(payload: unknown): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return payload instanceof Uint8Array ? payload.byteLength : 0;
}
