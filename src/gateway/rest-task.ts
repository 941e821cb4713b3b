import type { FastifyReply } from 'fastify';
import { invalidArgument } from '../errors.ts';
import type { TaskPlane } from '../inference/task-plane.ts';
import type { JsonPool } from './json-pool.ts';
import { bodyKind } from './media-type.ts';
import { deadlineOf, describeRun, disconnectSignal } from './rest-answer.ts';
import { refuse } from './rest-errors.ts';
import type { RestHandlerRequest } from './rest-route.ts';

/** The task route: JSON in the Hugging Face Inference form, or the raw bytes of an image. */
export async function runTask(
  tasks: TaskPlane,
  json: JsonPool,
  request: RestHandlerRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { model = '' } = request.params;
  const kind = bodyKind(request.headers['content-type']);
  if (kind === 'other') {
    return refuse(reply, 415, 'expected Content-Type application/json, application/octet-stream or image/*');
  }
  const { body } = request;
  if (body === undefined || body.byteLength === 0) throw invalidArgument('the request has no body');
  const signal = disconnectSignal(reply.raw);
  const deadline = deadlineOf(request);
  const response = await tasks.run({
    model,
    body: kind === 'json' ? await json.parse(body) : body,
    signal,
    ...(deadline === undefined ? {} : { deadline }),
  });
  describeRun(reply, response.timings, response.variant);
  return reply.type('application/json').send(JSON.stringify(response.body));
}
