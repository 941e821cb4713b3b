import type { FastifyReply } from 'fastify';
import { invalidArgument } from '../errors.ts';
import type { TaskPlane } from '../inference/task-plane.ts';
import { headerTerms } from './header-terms.ts';
import type { JsonPool } from './json-pool.ts';
import { bodyKind } from './media-type.ts';
import { describeRun, disconnectSignal } from './rest-answer.ts';
import { refuse } from './rest-errors.ts';
import type { RestHandlerRequest } from './rest-route.ts';

export interface TaskTarget {
  /** Named in the path; in the body's `model` where left out. */
  readonly model?: string | undefined;
  /** The task of the endpoint, where it is for one. */
  readonly task?: string | undefined;
}

/**
 * Runs a task: JSON in the form of its endpoint, or the raw bytes of an image. Where the type does not tell, because
 * the Hugging Face client sends none with an image and curl names a form, the first byte does.
 */
export async function runTask(
  tasks: TaskPlane,
  json: JsonPool,
  request: RestHandlerRequest,
  reply: FastifyReply,
  target: TaskTarget,
): Promise<unknown> {
  const type = request.headers['content-type'];
  const kind = bodyKind(type);
  if (kind === 'other') {
    return refuse(reply, 415, 'expected Content-Type application/json, application/octet-stream or image/*');
  }
  const { body } = request;
  if (body === undefined || body.byteLength === 0) throw invalidArgument('the request has no body');
  const signal = disconnectSignal(reply.raw);
  const terms = headerTerms(request);
  const isJson = kind === 'json' && (type?.includes('json') === true || beginsAsJson(body));
  const content = isJson ? await json.parse(body) : body;
  const response = await tasks.run({
    ...terms,
    model: target.model ?? modelInBody(content),
    task: target.task,
    body: content,
    signal,
  });
  describeRun(reply, response);
  return reply.type('application/json').send(JSON.stringify(response.body));
}

function modelInBody(body: unknown): string {
  const name = typeof body === 'object' && body !== null && 'model' in body ? body.model : undefined;
  if (typeof name === 'string') return name;
  throw invalidArgument("'model': must be the name of a model");
}

/** JSON begins with white space or one of its own characters; JPEG, PNG and WebP with none of them. */
const beginsAsJson = (body: Uint8Array): boolean => /[\s{["\-0-9tfn]/.test(String.fromCharCode(body[0] ?? 0));
