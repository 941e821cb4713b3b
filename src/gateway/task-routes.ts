import type { DataPlane } from '../inference/data-plane.ts';
import type { TaskPlane } from '../inference/task-plane.ts';
import { earlyRefusal } from './early-refusal.ts';
import type { JsonPool } from './json-pool.ts';
import type { RestRoute } from './rest-route.ts';
import { RERANK_ANSWER, RERANK_BODY, TASK_BODY } from './rest-schemas.ts';
import { runTask } from './rest-task.ts';

const DESCRIPTION =
  'JSON, or the raw bytes of an image. `x-request-timeout-ms` sets a deadline; the parameters `variant`, ' +
  '`timeout` (microseconds), `priority` and `rollout_key` are those of inference.';

/** Task endpoints: those of the Hugging Face Inference API, and the one of text-embeddings-inference for ranking. */
export const taskRoutes = (tasks: TaskPlane, json: JsonPool, dataPlane: DataPlane): RestRoute[] => [
  {
    method: 'POST',
    url: '/models/:model',
    doc: {
      tag: 'tasks',
      summary: 'Run the task of a model, in the form of the Hugging Face Inference API',
      description: DESCRIPTION,
      body: TASK_BODY,
    },
    refusal: earlyRefusal(dataPlane),
    handle: (request, reply) => runTask(tasks, json, request, reply, { model: request.params['model'] }),
  },
  {
    method: 'POST',
    url: '/models/:model/pipeline/:task',
    doc: {
      tag: 'tasks',
      summary: 'Run one of the tasks of a model',
      description: DESCRIPTION,
      body: TASK_BODY,
    },
    refusal: earlyRefusal(dataPlane),
    handle: (request, reply) =>
      runTask(tasks, json, request, reply, { model: request.params['model'], task: request.params['task'] }),
  },
  {
    method: 'POST',
    url: '/rerank',
    doc: {
      tag: 'tasks',
      summary: 'Rank texts by how well they answer a query, in the form of text-embeddings-inference',
      body: RERANK_BODY,
      answer: RERANK_ANSWER,
    },
    handle: (request, reply) => runTask(tasks, json, request, reply, { task: 'rerank' }),
  },
];
