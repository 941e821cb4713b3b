import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type ByteBudget, SMALL } from './byte-budget.ts';

/**
 * Bounds the bytes of all bodies that are being received, decoded or answered: a request is admitted by what it asks
 * only when it has been read. To be added after everything that changes what is read of a body.
 * @param budget a request that would go beyond is refused with 429, unread where it declares its length
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
    let own = 0;
    const take = (bytes: number): boolean => {
      if (!budget.take(bytes)) return false;
      own += bytes;
      return true;
    };
    const count = (chunk: Buffer): void => {
      if (!take(chunk.byteLength)) (payload as Readable).destroy(budget.refusal());
    };
    reply.raw.once('close', () => {
      budget.give(own);
      // What still comes of a body that was answered unread is kept by nobody.
      payload.off('data', count);
    });
    if (length !== undefined) return take(length) ? done(null, payload) : done(budget.refusal());
    payload.on('data', count);
    done(null, payload);
  });
}
