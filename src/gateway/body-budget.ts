import type { FastifyInstance } from 'fastify';
import { type ByteBudget, SMALL } from './byte-budget.ts';

/**
 * Bounds the bytes of all bodies that are being received, decoded or answered: a request is admitted by what it asks
 * only when it has been read. They are counted as they come, so that whoever announces much and sends little keeps nobody
 * out. To be added after everything that changes what is read of a body.
 * @param budget a request that goes beyond is refused with 429, unread where what it announces would not fit now
 * @param largest bytes of the longest body; a longer one is left for others to refuse
 */
export function addBodyBudget(app: FastifyInstance, budget: ByteBudget, largest: number): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    const {
      'content-length': declared,
      'transfer-encoding': chunked,
      'content-encoding': encoding,
    } = request.headers;
    const length = encoding === undefined && chunked === undefined ? Number(declared ?? 0) : undefined;
    if (length !== undefined && (length <= SMALL || length > largest)) return done(null, payload);
    // Its client went while an earlier hook waited: nobody would be told to give back what is taken now.
    if (reply.raw.destroyed) return;
    if (length !== undefined && !budget.has(length)) return done(budget.refusal());
    let own = 0;
    const count = (chunk: Buffer): void => {
      if (budget.take(chunk.byteLength)) {
        own += chunk.byteLength;
        return;
      }
      payload.off('data', count);
      // Not destroyed: that ends the connection without an answer. Where nobody reads the body, nobody keeps it.
      if (payload.listenerCount('error') > 0) payload.emit('error', budget.refusal());
    };
    payload.on('data', count);
    reply.raw.once('close', () => {
      budget.give(own);
      // What still comes of a body that was answered unread is kept by nobody.
      payload.off('data', count);
    });
    done(null, payload);
  });
}
