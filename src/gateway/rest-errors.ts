import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { fromUnknown, InferenceError } from '../errors.ts';
import { STATUS } from '../protocol/status.ts';

/** The body of every error. */
export const errorBody = (message: string): string => JSON.stringify({ error: message });

const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers with an HTTP status that has no code of its own (404 of a path, 405, 415). */
export function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).type(JSON_TYPE).send(errorBody(message));
}

/**
 * Answers with whatever was thrown. Only what is a fault of ours is logged as one, and a client never reads its cause.
 */
export function sendError(
  logger: Logger,
  bodyLimit: number,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refused = clientFault(thrown, bodyLimit);
  // A body that is too long, or beyond what all bodies may have together, was not read to its end.
  const isCut = reply.hasHeader('connection') && (refused === undefined || refused.status === 413);
  if (isCut && isReadThrough(request, bodyLimit)) reply.removeHeader('connection');
  if (refused !== undefined) {
    return refuse(reply, refused.status, refused.message);
  }
  const error = fromUnknown(thrown);
  if (error.retryAfter !== undefined)
    reply.header('retry-after', String(Math.max(1, Math.ceil(error.retryAfter))));
  if (error.code === 'internal') {
    logger.error(
      { err: error.cause ?? error, requestId: request.id, route: routeOf(request) },
      'request failed',
    );
  } else {
    logger.debug({ code: error.code, requestId: request.id, route: routeOf(request) }, 'request refused');
  }
  return refuse(reply, STATUS[error.code].http, error.message);
}

/** Bodies up to so many times the limit are read to their end, and forgotten, when they are refused. */
const READ_THROUGH = 16;

/**
 * Fastify ends the connection of a body that is not taken whole. Many clients send all of it before they look for an
 * answer: they would learn of a broken connection, and never why. What says how long it is Node reads past, as it does
 * with any body that nobody wants.
 */
function isReadThrough({ headers }: FastifyRequest, bodyLimit: number): boolean {
  const { 'content-length': length, 'content-encoding': encoding } = headers;
  return length !== undefined && encoding === undefined && Number(length) <= READ_THROUGH * bodyLimit;
}

/** The pattern of the route, never the path a client sent: a bounded set of labels. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? 'unknown';

/** Faults that the HTTP layer finds before our code runs, in words that name the limit. */
export function clientFault(
  thrown: unknown,
  bodyLimit: number,
): { status: number; message: string } | undefined {
  if (thrown instanceof InferenceError || !(thrown instanceof Error)) return undefined;
  const { code, statusCode } = thrown as Error & { code?: unknown; statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return undefined;
  if (statusCode === 413) {
    return { status: 413, message: `request body is larger than the limit of ${bodyLimit} bytes` };
  }
  if (typeof code === 'string' && code.startsWith('Z_')) {
    return { status: 400, message: 'request body does not match its Content-Encoding' };
  }
  return { status: statusCode, message: thrown.message };
}
