import type { IncomingMessage } from 'node:http';
import { fastify } from 'fastify';
import type { Logger } from 'pino';
import type { DataPlane } from '../inference/data-plane.ts';
import type { TaskPlane } from '../inference/task-plane.ts';
import { STATUS } from '../protocol/status.ts';
import { addAnswerBudget } from './answer-budget.ts';
import { Arrivals } from './arrival.ts';
import { addBodyBudget } from './body-budget.ts';
import { freeBodyParts, keepBodyParts } from './body-parts.ts';
import { collectBuffers } from './buffer-garbage.ts';
import { ByteBudget } from './byte-budget.ts';
import { addHttpEncoding } from './http-encoding.ts';
import { JsonPool } from './json-pool.ts';
import { MalformedRequests } from './malformed-requests.ts';
import { addOpenApi } from './openapi.ts';
import { MAX_PARAMETER } from './path-limits.ts';
import { addRateLimit, type RateLimit } from './rate-limit.ts';
import { requestIdOf } from './request-id.ts';
import { refuse, routeOf, sendError } from './rest-errors.ts';
import { addRoutes } from './rest-route.ts';
import { restRoutes } from './rest-routes.ts';
import { trackUnusedConnections } from './unused-connections.ts';

export interface RestServerOptions {
  readonly dataPlane: DataPlane;
  /** The task routes exist only with it. */
  readonly tasks?: TaskPlane;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Other threads listen there too, and the system shares the connections out (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** Bytes of a request body, inflated. `DEFAULT_BODY_LIMIT` when left out. */
  readonly bodyLimit?: number;
  /** For all bodies that are being received, decoded or answered, and answers being sent; unlimited when left out. */
  readonly budget?: ByteBudget;
  /** Milliseconds for a client to take some of a long answer; `UNREAD_TIMEOUT` when left out. */
  readonly unreadTimeout?: number;
  /** Requests that one client address may make in a time window; unlimited when left out. */
  readonly rateLimit?: RateLimit;
  readonly logger: Logger;
  /** Told once for every request, when its answer is out or its client gone. Must not throw. */
  readonly onRequestEnded?: RequestEnded;
}

/**
 * `route` is the pattern of the route or "unknown", `status` the HTTP status (499: the client went first), `bytesIn`
 * the inflated body.
 */
export type RequestEnded = (route: string, status: number, seconds: number, bytesIn: number) => void;

export interface RestServer {
  readonly address: { readonly host: string; readonly port: number };
  /** From now on every answer ends its connection. New requests are still served. */
  drain(): void;
  /**
   * Stops accepting, finishes every accepted request, ends the rest; cuts after `graceMs`, where it is given, what has
   * not arrived or not been read by then. Settles when the end of every request has been told. Idempotent.
   */
  close(graceMs?: number): Promise<void>;
}

/** Triton's limit. A body is held in memory whole, so this times the requests in flight is what it can cost. */
export const DEFAULT_BODY_LIMIT = 64 * 1024 * 1024;

/** Milliseconds for a client to send its headers, and its whole request: ends slow senders that hold connections. */
const HEADERS_TIMEOUT = 20_000;
const REQUEST_TIMEOUT = 300_000;

/** Milliseconds an idle connection is kept: longer than the minute of common load balancers, which must close first. */
const KEEP_ALIVE_TIMEOUT = 75_000;

/** Status of a request whose client went before its answer was out. */
const CLIENT_GONE = STATUS.canceled.http;

declare module 'fastify' {
  interface FastifyRequest {
    bytesIn: number;
    /** On the clock of `performance.now()`, milliseconds. */
    arrivedAt: number;
  }
}

/** Starts the REST interface. Rejects where the address cannot be had. */
export async function createRestServer(options: RestServerOptions): Promise<RestServer> {
  const { dataPlane, tasks, host, port, logger, rateLimit } = options;
  const { budget = new ByteBudget(Infinity) } = options;
  // A body that is longer than all together may be would be refused for ever as one that could fit later.
  const bodyLimit = Math.min(options.bodyLimit ?? DEFAULT_BODY_LIMIT, budget.limit);
  const json = new JsonPool();
  const malformed = new MalformedRequests();
  /** Requests of whose end nobody was told yet. */
  let untold = 0;
  let allTold = (): void => {};
  let draining = false;

  const app = fastify({
    logger: false,
    bodyLimit,
    genReqId: ({ headers }: IncomingMessage) => requestIdOf(headers['x-request-id']),
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    http: { headersTimeout: HEADERS_TIMEOUT },
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER, ignoreTrailingSlash: true },
    frameworkErrors: (_error, _request, reply) => refuse(reply, 400, 'malformed request path'),
    clientErrorHandler: (error, socket) => malformed.end(error, socket),
  });
  malformed.watch(app.server);
  const endUnused = trackUnusedConnections(app.server);
  app.decorateRequest('bytesIn', 0);
  app.decorateRequest('arrivedAt', 0);
  const arrivals = new Arrivals();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    request.bytesIn = body.length;
    freeBodyParts(request);
    collectBuffers(body.length);
    done(null, body);
  });
  app.setErrorHandler((error, request, reply) => sendError(logger, bodyLimit, error, request, reply));
  app.addHook('onRequest', (request, reply, done) => {
    request.arrivedAt = arrivals.at(performance.now());
    reply.header('x-request-id', request.id);
    const { onRequestEnded } = options;
    if (onRequestEnded !== undefined) {
      const start = performance.now();
      untold++;
      reply.raw.once('close', () => {
        const status = reply.raw.writableFinished ? reply.raw.statusCode : CLIENT_GONE;
        onRequestEnded(routeOf(request), status, (performance.now() - start) / 1000, request.bytesIn);
        if (--untold === 0) allTold();
      });
    }
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (draining) reply.header('connection', 'close');
    done(null, payload);
  });
  if (rateLimit !== undefined) await addRateLimit(app, rateLimit);
  addHttpEncoding(app);
  addBodyBudget(app, budget, bodyLimit);
  addAnswerBudget(app, budget, options.unreadTimeout);
  keepBodyParts(app, bodyLimit);
  await addOpenApi(app, dataPlane.serverMetadata);
  addRoutes(app, restRoutes({ dataPlane, tasks, json }));
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'no such path'));

  const { reusePort = false } = options;
  await app.listen({ host, port, ...(reusePort ? { reusePort } : {}) });
  const [bound] = app.addresses();
  let closed: Promise<void> | undefined;
  const finish = async (graceMs: number | undefined): Promise<void> => {
    const cut = () => app.server.closeAllConnections();
    const timer = graceMs === undefined ? undefined : setTimeout(cut, graceMs);
    const finished = app.close();
    endUnused();
    await finished;
    clearTimeout(timer);
    if (untold > 0) await new Promise<void>((resolve) => (allTold = resolve));
    await json.close();
  };
  return {
    address: { host, port: typeof bound === 'object' ? bound.port : port },
    drain() {
      draining = true;
    },
    close(graceMs) {
      draining = true;
      closed ??= finish(graceMs);
      return closed;
    },
  };
}
