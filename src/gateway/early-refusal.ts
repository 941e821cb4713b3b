import type { FastifyRequest } from 'fastify';
import type { InferenceError } from '../errors.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import { deadlineOf } from './rest-answer.ts';

/**
 * Refuses requests that name their model in the path while the model refuses whatever comes: reading, decoding and
 * checking a body costs several times what saying no does, and under overload that time is what the accepted ones need.
 */
export const earlyRefusal =
  (dataPlane: DataPlane) =>
  (request: FastifyRequest): InferenceError | undefined => {
    const { model = '', version } = request.params as Readonly<Record<string, string | undefined>>;
    const deadline = deadlineOf(request);
    const bodyBytes = bodyBytesOf(request);
    return dataPlane.refusal(model, version, {
      client: request.ip,
      ...(bodyBytes === undefined ? {} : { bodyBytes }),
      ...(deadline === undefined ? {} : { deadline }),
    });
  };

/** Bytes of the body, as the headers have it; undefined where they do not say what it is when it is read. */
export function bodyBytesOf({ headers }: FastifyRequest): number | undefined {
  if (headers['content-encoding'] !== undefined) return undefined;
  const length = Number(headers['content-length']);
  return length > 0 ? length : undefined;
}
