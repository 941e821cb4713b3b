import type { FastifyReply } from 'fastify';
import { InferenceError, invalidArgument } from '../errors.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import { isObject, type JsonObject, parseJsonBody } from '../protocol/exact-json.ts';
import { quote } from '../protocol/quote.ts';
import type { RestHandlerRequest, RestRoute } from './rest-route.ts';

type Handle = RestRoute['handle'];

const INDEX_BODY = {
  type: 'object',
  properties: { ready: { type: 'boolean', description: 'only versions that are READY' } },
};

const INDEX_ANSWER = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      name: { type: 'string' },
      version: { type: 'string' },
      state: { enum: ['UNKNOWN', 'LOADING', 'READY', 'UNLOADING', 'UNAVAILABLE'] },
      reason: { type: 'string' },
    },
  },
};

const LOAD_BODY = {
  type: 'object',
  properties: {
    parameters: {
      type: 'object',
      properties: { config: { type: 'string', description: 'model configuration, JSON as text' } },
    },
  },
};

/** The model repository extension: index, load, unload. */
export function repositoryRoutes(dataPlane: DataPlane): RestRoute[] {
  const index: Handle = (request) => {
    const { ready } = optionalObject(request);
    if (ready !== undefined && typeof ready !== 'boolean') {
      throw invalidArgument(`'ready' must be true or false`);
    }
    return dataPlane.repositoryIndex(ready);
  };
  const load: Handle = async (request, reply) => {
    await dataPlane.loadModel(request.params['model'] ?? '', loadConfig(request));
    return empty(reply);
  };
  const unload: Handle = async (request, reply) => {
    optionalObject(request);
    await dataPlane.unloadModel(request.params['model'] ?? '');
    return empty(reply);
  };
  const actions = [
    ['/index', 'List what the repository holds', index, { body: INDEX_BODY, answer: INDEX_ANSWER }],
    ['/models/:model/load', 'Load a model, or load it again from disk', load, { body: LOAD_BODY }],
    ['/models/:model/unload', 'Unload a model', unload, {}],
  ] as const;
  return actions.flatMap(([path, summary, handle, schemas]): RestRoute[] => [
    { method: 'POST', url: `/v2/repository${path}`, doc: { tag: 'repository', summary, ...schemas }, handle },
    {
      method: 'POST',
      url: `/v2/repository/:repository${path}`,
      doc: {
        tag: 'repository',
        summary,
        description: 'Answers 501: there is one repository, without a name.',
      },
      handle: refuseNamed,
    },
  ]);
}

/** As Triton: there is one repository and it has no name. */
const refuseNamed: Handle = (request) => {
  const { repository = '' } = request.params;
  throw new InferenceError(
    'unimplemented',
    `repository ${quote(repository)}: naming a repository is not supported`,
  );
};

function empty(reply: FastifyReply): FastifyReply {
  return reply.code(200).send();
}

function optionalObject({ body }: RestHandlerRequest): JsonObject {
  if (body === undefined || body.byteLength === 0) return {};
  const value = parseJsonBody(body);
  if (isObject(value)) return value;
  throw invalidArgument('request JSON must be an object');
}

/** `parameters.config` of a load. Files in the request (`file:...`) are not taken: models come from the repository. */
function loadConfig(request: RestHandlerRequest): string | undefined {
  const { parameters } = optionalObject(request);
  if (parameters === undefined || parameters === null) return undefined;
  if (!isObject(parameters)) throw invalidArgument(`'parameters' must be an object`);
  for (const name of Object.keys(parameters)) {
    if (name.startsWith('file:')) {
      throw new InferenceError(
        'unimplemented',
        `parameter ${quote(name)}: loading files of a request is not supported`,
      );
    }
  }
  const { config } = parameters;
  if (config === undefined || typeof config === 'string') return config;
  throw invalidArgument(`parameter 'config' must be a string`);
}
