import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HTTPMethods,
  onRequestHookHandler,
} from 'fastify';
import type { InferenceError } from '../errors.ts';
import { refuse } from './rest-errors.ts';

/** One row of the REST interface; the router, the answers to wrong verbs and the OpenAPI document come from it. */
export interface RestRoute {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly doc: RouteDoc;
  /** Health is never refused for its rate: a prober that is refused restarts the server. */
  readonly unlimited?: boolean;
  /** Why a request is refused before its body is read. What it throws is left to the handler to find. */
  readonly refusal?: (request: FastifyRequest) => InferenceError | undefined;
  /** What it returns is the body; a thrown InferenceError becomes the error answer. */
  readonly handle: (request: RestHandlerRequest, reply: FastifyReply) => unknown;
}

export type RestHandlerRequest = FastifyRequest<{
  Params: Readonly<Record<string, string>>;
  Body: Buffer<ArrayBuffer> | undefined;
}>;

/** What the OpenAPI document says about a route. Documentation only: nothing is validated or serialised by it. */
export interface RouteDoc {
  readonly tag: 'health' | 'models' | 'inference' | 'repository' | 'tasks';
  readonly summary: string;
  readonly description?: string;
  /** JSON schema of the request body. */
  readonly body?: object;
  /** JSON schema of the answer. */
  readonly answer?: object;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    doc?: RouteDoc;
  }
}

function refusing(refusal: NonNullable<RestRoute['refusal']>): onRequestHookHandler {
  return (request, _reply, done) => {
    let error: InferenceError | undefined;
    try {
      error = refusal(request);
    } catch {
      // The handler meets the same, and says it better.
    }
    // Refusals of one turn are written one after the other: a client that is woken once reads them all.
    if (error === undefined) done();
    else setImmediate(done, error);
  };
}

const VERBS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Registers the routes, and for every path the answer 405 to the verbs it does not have. */
export function addRoutes(app: FastifyInstance, routes: readonly RestRoute[]): void {
  const verbs = new Map<string, HTTPMethods[]>();
  for (const { method, url, doc, unlimited, refusal, handle } of routes) {
    app.route<{ Params: Record<string, string>; Body: Buffer<ArrayBuffer> | undefined }>({
      method,
      url,
      config: { doc, ...(unlimited === true ? { rateLimit: false } : {}) },
      ...(refusal === undefined ? {} : { onRequest: refusing(refusal) }),
      handler: async (request, reply) => handle(request, reply),
    });
    const known = verbs.get(url) ?? [];
    verbs.set(url, [...known, method, ...(method === 'GET' ? (['HEAD'] as const) : [])]);
  }
  for (const [url, known] of verbs) {
    const allow = known.join(', ');
    app.route({
      method: VERBS.filter((verb) => !known.includes(verb)),
      url,
      handler: (request, reply) =>
        refuse(reply.header('allow', allow), 405, `method ${request.method} is not allowed, use ${allow}`),
    });
  }
}
