import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Bodies of a declared length up to this, bytes, come in a part or two. */
const SHORT = 64 * 1024;

declare module 'fastify' {
  interface FastifyRequest {
    bodyParts: Buffer<ArrayBuffer>[] | undefined;
  }
}

/**
 * Keeps the parts in which long bodies arrive, for `freeBodyParts`: Fastify copies them into one body, and they would
 * wait for the garbage collector, as many bytes again.
 * @param largest bytes of the longest body; a longer one is read by nobody
 */
export function keepBodyParts(app: FastifyInstance, largest: number): void {
  app.decorateRequest('bodyParts', undefined);
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { 'content-length': declared, 'content-encoding': encoding } = request.headers;
    const length = Number(declared);
    if (request.method === 'POST' && encoding === undefined && length > SHORT && length <= largest) {
      const parts: Buffer<ArrayBuffer>[] = [];
      const keep = (part: Buffer<ArrayBuffer>): void => void parts.push(part);
      request.bodyParts = parts;
      payload.on('data', keep);
      reply.raw.once('close', () => {
        // What still comes of a body that was answered unread is kept by nobody.
        payload.off('data', keep);
        parts.length = 0;
      });
    }
    done(null, payload);
  });
}

/** Frees them at once. To be called when the body is whole, and they are read by nobody. */
export function freeBodyParts(request: FastifyRequest): void {
  for (const { buffer, byteLength } of request.bodyParts ?? []) {
    // Memory that others have a part of is theirs.
    if (buffer.byteLength === byteLength) buffer.transfer(0);
  }
  request.bodyParts = undefined;
}
