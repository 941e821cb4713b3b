import { fastify } from 'fastify';
import type { Logger } from 'pino';
import { InferenceError } from '../errors.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import { STATUS } from '../protocol/status.ts';
import { addRolloutRoutes, ROLLOUT_BODY_LIMIT, type RolloutAdmin } from './admin-rollouts.ts';
import { MAX_PARAMETER } from './path-limits.ts';
import { clientFault, refuse } from './rest-errors.ts';

export interface AdminServerOptions {
  readonly dataPlane: Pick<DataPlane, 'ready' | 'reasons'>;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly rollouts: RolloutAdmin;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly logger: Logger;
}

export interface AdminServer {
  readonly address: { readonly host: string; readonly port: number };
  /** Open connections are ended: nothing on this port is worth waiting for. */
  close(): Promise<void>;
}

/**
 * Metrics, probes and rollouts on a port of their own, so that none waits behind inference traffic. `/livez` says that
 * the event loop turns and nothing else: a full queue or a long load must not get the process killed.
 */
export async function createAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { dataPlane, metrics, rollouts, host, port, logger } = options;
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 1024,
    routerOptions: { maxParamLength: MAX_PARAMETER },
    frameworkErrors: (_error, _request, reply) => refuse(reply, 400, 'malformed request path'),
  });

  app.get('/metrics', async (_request, reply) => {
    reply.header('cache-control', 'no-store').type(metrics.contentType);
    return metrics.text();
  });
  app.get('/livez', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { live: true };
  });
  app.get('/readyz', async (_request, reply) => {
    const { ready } = dataPlane;
    reply.header('cache-control', 'no-store').code(ready ? 200 : 503);
    return ready ? { ready } : { ready, reasons: dataPlane.reasons };
  });
  addRolloutRoutes(app, rollouts);
  app.setNotFoundHandler(async (_request, reply) => {
    reply.code(404);
    return { error: 'not found, this port has /metrics, /livez, /readyz and /models/<name>/rollout' };
  });
  app.setErrorHandler(async (err, _request, reply) => {
    if (err instanceof InferenceError && err.code !== 'internal') {
      reply.code(STATUS[err.code].http);
      return { error: err.message };
    }
    const refused = clientFault(err, ROLLOUT_BODY_LIMIT);
    if (refused !== undefined) {
      reply.code(refused.status);
      return { error: refused.message };
    }
    logger.error({ err }, 'admin request failed');
    reply.code(500);
    return { error: 'internal error' };
  });

  await app.listen({ host, port });
  const [bound] = app.addresses();
  return {
    address: { host, port: typeof bound === 'object' ? bound.port : port },
    close: () => app.close(),
  };
}
