import { constants, createGunzip, createInflate, deflate, gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from './rest-errors.ts';

/**
 * Answers smaller than this are sent as they are: many HTTP clients ask for compression without wanting it, and below
 * a few packets it costs more time than it saves.
 */
export const COMPRESS_THRESHOLD = 16 * 1024;

/** Fastest level: inference answers are mostly digits of floats, which higher levels hardly make smaller. */
const LEVEL = { level: constants.Z_BEST_SPEED };

/**
 * Request bodies in gzip or deflate, and answers in them where the client asks. The body limit counts inflated bytes.
 */
export function addHttpEncoding(app: FastifyInstance): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    const encoding = request.headers['content-encoding']?.trim().toLowerCase();
    if (encoding === undefined || encoding === 'identity') return done(null, payload);
    if (encoding !== 'gzip' && encoding !== 'deflate') {
      refuse(reply, 415, 'unsupported Content-Encoding, expected gzip or deflate');
      return;
    }
    const inflate = encoding === 'gzip' ? createGunzip() : createInflate();
    const stream = Object.assign(inflate, { receivedEncodedLength: 0 });
    payload.on('data', (chunk: Buffer) => {
      stream.receivedEncodedLength += chunk.byteLength;
    });
    payload.on('error', (error) => stream.destroy(error));
    // Of a body that nobody reads (a GET has one, or one that is too long), nobody would be told.
    stream.on('error', () => {});
    reply.raw.once('close', () => stream.destroy());
    done(null, payload.pipe(stream));
  });

  app.addHook('onSend', (request, reply, payload, done) => {
    const encoding = answerEncoding(request, reply, payload);
    if (encoding === undefined) return done(null, payload);
    const compress = encoding === 'gzip' ? gzip : deflate;
    compress(payload as string | Uint8Array, LEVEL, (error, compressed) => {
      if (error !== null) return done(error);
      reply.header('content-encoding', encoding).header('vary', 'accept-encoding');
      reply.removeHeader('content-length');
      done(null, compressed);
    });
  });
}

function answerEncoding(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): 'gzip' | 'deflate' | undefined {
  const accepted = request.headers['accept-encoding'];
  if (accepted === undefined || reply.hasHeader('content-encoding')) return undefined;
  if (!(typeof payload === 'string' || payload instanceof Uint8Array)) return undefined;
  if (payload.length < COMPRESS_THRESHOLD) return undefined;
  return negotiate(accepted);
}

/** Gzip before deflate, each only if the client takes it; `identity` always does, so `*` asks for nothing. */
export function negotiate(accepted: string): 'gzip' | 'deflate' | undefined {
  const refused = new Set<string>();
  const taken = new Set<string>();
  for (const part of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const zero = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    (zero ? refused : taken).add(name);
  }
  return (['gzip', 'deflate'] as const).find((name) => taken.has(name) && !refused.has(name));
}
