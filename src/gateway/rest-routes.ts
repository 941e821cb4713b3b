import type { DataPlane } from '../inference/data-plane.ts';
import type { TaskPlane } from '../inference/task-plane.ts';
import { earlyRefusal } from './early-refusal.ts';
import type { JsonPool } from './json-pool.ts';
import { openAiRoutes } from './openai-routes.ts';
import { infer } from './rest-infer.ts';
import { repositoryRoutes } from './rest-repository.ts';
import type { RestHandlerRequest, RestRoute } from './rest-route.ts';
import { INFER_ANSWER, INFER_BODY } from './rest-schemas.ts';
import { taskRoutes } from './task-routes.ts';

export interface RestContext {
  readonly dataPlane: DataPlane;
  readonly tasks: TaskPlane | undefined;
  readonly json: JsonPool;
}

/** Every route of the REST interface. */
export function restRoutes(context: RestContext): RestRoute[] {
  return [
    ...serverRoutes(context.dataPlane),
    ...modelRoutes(context),
    ...repositoryRoutes(context.dataPlane),
    ...(context.tasks === undefined ? [] : taskRoutes(context.tasks, context.json, context.dataPlane)),
    ...openAiRoutes(context),
  ];
}

function serverRoutes(dataPlane: DataPlane): RestRoute[] {
  return [
    {
      method: 'GET',
      url: '/v2',
      doc: { tag: 'health', summary: 'Name, version and protocol extensions of the server' },
      handle: () => dataPlane.serverMetadata,
    },
    {
      method: 'GET',
      url: '/v2/health/live',
      doc: { tag: 'health', summary: 'Whether the server runs' },
      unlimited: true,
      handle: () => ({ live: true }),
    },
    {
      method: 'GET',
      url: '/v2/health/ready',
      doc: { tag: 'health', summary: 'Whether requests should be sent here: 200, or 503' },
      unlimited: true,
      handle: (_, reply) => {
        const { ready } = dataPlane;
        reply.code(ready ? 200 : 503);
        return { ready };
      },
    },
    {
      method: 'GET',
      url: '/v2/models',
      doc: { tag: 'models', summary: 'Names of the models that are ready' },
      handle: () => ({ models: dataPlane.models() }),
    },
    {
      method: 'GET',
      url: '/v2/models/stats',
      doc: { tag: 'models', summary: 'Statistics of every model' },
      handle: async () => ({ model_stats: await dataPlane.statistics() }),
    },
  ];
}

/** Each with and without the version in its path. */
function modelRoutes({ dataPlane, json }: RestContext): RestRoute[] {
  const routes: RestRoute[] = [
    {
      method: 'GET',
      url: '',
      doc: { tag: 'models', summary: 'Inputs and outputs of a model' },
      handle: (request) => dataPlane.modelMetadata(...named(request)),
    },
    {
      method: 'GET',
      url: '/ready',
      doc: { tag: 'health', summary: 'Whether a model is ready: 200, or 503' },
      unlimited: true,
      handle: (request, reply) => {
        const [name, version] = named(request);
        const ready = dataPlane.modelReady(name, version);
        reply.code(ready ? 200 : 503);
        return { name, ready };
      },
    },
    {
      method: 'GET',
      url: '/config',
      doc: { tag: 'models', summary: 'How a model is batched and run' },
      handle: (request) => dataPlane.modelConfig(...named(request)),
    },
    {
      method: 'GET',
      url: '/stats',
      doc: { tag: 'models', summary: 'Statistics of a model' },
      handle: async (request) => ({ model_stats: await dataPlane.statistics(...named(request)) }),
    },
    {
      method: 'POST',
      url: '/infer',
      doc: {
        tag: 'inference',
        summary: 'Run a model',
        description:
          'JSON, or with the header Inference-Header-Content-Length JSON followed by binary tensors. ' +
          'The parameter `variant` pins a variant, `timeout` (microseconds) and `priority` (1 is first) schedule.',
        body: INFER_BODY,
        answer: INFER_ANSWER,
      },
      refusal: earlyRefusal(dataPlane),
      handle: (request, reply) => infer(dataPlane, json, request, reply),
    },
  ];
  return ['/v2/models/:model', '/v2/models/:model/versions/:version'].flatMap((prefix) =>
    routes.map((route) => ({ ...route, url: prefix + route.url })),
  );
}

const named = ({ params }: RestHandlerRequest): [name: string, version: string | undefined] => [
  params['model'] ?? '',
  params['version'],
];
