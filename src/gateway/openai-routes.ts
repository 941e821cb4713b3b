import type { FastifyReply } from 'fastify';
import { type Code, InferenceError } from '../errors.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import type { TaskPlane } from '../inference/task-plane.ts';
import { STATUS } from '../protocol/status.ts';
import type { JsonPool } from './json-pool.ts';
import type { RestHandlerRequest, RestRoute } from './rest-route.ts';
import { EMBEDDINGS_ANSWER, EMBEDDINGS_BODY } from './rest-schemas.ts';
import { runTask } from './rest-task.ts';

interface OpenAiContext {
  readonly dataPlane: DataPlane;
  readonly tasks: TaskPlane | undefined;
  readonly json: JsonPool;
}

type Handle = (request: RestHandlerRequest, reply: FastifyReply) => unknown;

/** The part of OpenAI's API that this server does: models and embeddings. */
export function openAiRoutes({ dataPlane, tasks, json }: OpenAiContext): RestRoute[] {
  // When a model was made is not known; clients only want a number that does not change.
  const created = Math.floor(Date.now() / 1000);
  const card = (id: string) => ({ id, object: 'model', created, owned_by: dataPlane.serverMetadata.name });
  const list: RestRoute[] = [
    {
      method: 'GET',
      url: '/v1/models',
      doc: { tag: 'models', summary: "The models that are ready, in OpenAI's form" },
      handle: () => ({ object: 'list', data: dataPlane.models().map(card) }),
    },
    {
      method: 'GET',
      url: '/v1/models/:model',
      doc: { tag: 'models', summary: "A model, in OpenAI's form" },
      handle: withOpenAiErrors((request) => {
        const { model = '' } = request.params;
        dataPlane.resolve(model);
        return card(model);
      }),
    },
  ];
  if (tasks === undefined) return list;
  const embeddings: RestRoute = {
    method: 'POST',
    url: '/v1/embeddings',
    doc: {
      tag: 'tasks',
      summary: "Vectors of texts, in OpenAI's form",
      body: EMBEDDINGS_BODY,
      answer: EMBEDDINGS_ANSWER,
    },
    handle: withOpenAiErrors((request, reply) =>
      runTask(tasks, json, request, reply, { task: 'embeddings' }),
    ),
  };
  return [...list, embeddings];
}

/** Errors as OpenAI's clients read them. What is a fault of ours goes on, to be logged like any other. */
const withOpenAiErrors =
  (handle: Handle): Handle =>
  async (request, reply) => {
    try {
      return await handle(request, reply);
    } catch (error) {
      if (!(error instanceof InferenceError) || error.code === 'internal') throw error;
      const { http } = STATUS[error.code];
      if (error.retryAfter !== undefined) {
        reply.header('retry-after', String(Math.max(1, Math.ceil(error.retryAfter))));
      }
      return reply.code(http).send({
        error: { message: error.message, type: errorType(error.code), param: null, code: codeOf(error.code) },
      });
    }
  };

function errorType(code: Code): string {
  if (code === 'resource_exhausted') return 'rate_limit_error';
  return STATUS[code].http < 500 ? 'invalid_request_error' : 'server_error';
}

const codeOf = (code: Code): string | null => (code === 'not_found' ? 'model_not_found' : null);
