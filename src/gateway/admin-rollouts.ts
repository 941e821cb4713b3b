import type { FastifyInstance } from 'fastify';
import { invalidArgument, messageOf } from '../errors.ts';
import type { RolloutPlan } from '../inference/rollout.ts';
import { parseRollout } from '../repository/rollout-config.ts';

/** What the rollout routes call. Throws InferenceErrors. A change is answered when it counts for every request. */
export interface RolloutAdmin {
  set(model: string, plan: RolloutPlan): object | Promise<object>;
  remove(model: string): void | Promise<void>;
  describe(model: string): object;
}

/** Bytes of a plan, far above the largest. */
export const ROLLOUT_BODY_LIMIT = 64 * 1024;

type ModelRoute = { Params: { readonly model: string } };

const URL = '/models/:model/rollout';

/** `/models/<name>/rollout`: how a rollout stands, to begin one in place of it, and to end it. */
export function addRolloutRoutes(app: FastifyInstance, rollouts: RolloutAdmin): void {
  // Whatever its type is said to be, a body is a plan: curl names a form where none is given.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.get<ModelRoute>(URL, async ({ params }, reply) => {
    reply.header('cache-control', 'no-store');
    return rollouts.describe(params.model);
  });
  app.put<ModelRoute>(URL, { bodyLimit: ROLLOUT_BODY_LIMIT }, async ({ params, body }) =>
    rollouts.set(params.model, parseRollout(parseBody(body))),
  );
  app.delete<ModelRoute>(URL, async ({ params }, reply) => {
    await rollouts.remove(params.model);
    return reply.code(204).send();
  });
  app.route({
    method: ['POST', 'PATCH'],
    url: URL,
    handler: async (_request, reply) => {
      reply.code(405).header('allow', 'GET, HEAD, PUT, DELETE');
      return { error: 'method is not allowed, use GET, PUT or DELETE' };
    },
  });
}

function parseBody(body: unknown): unknown {
  if (typeof body !== 'string' || body === '')
    throw invalidArgument('the request has no body, it must be JSON');
  try {
    return JSON.parse(body);
  } catch (error) {
    throw invalidArgument(`the body is not JSON: ${messageOf(error)}`);
  }
}
