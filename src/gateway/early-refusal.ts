import type { FastifyRequest } from 'fastify';
import type { InferenceError } from '../errors.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import { headerTerms } from './header-terms.ts';

/**
 * Refuses requests that name their model in the path while the model refuses whatever comes: reading, decoding and
 * checking a body costs several times what saying no does, and under overload that time is what the accepted ones need.
 */
export const earlyRefusal =
  (dataPlane: DataPlane) =>
  (request: FastifyRequest): InferenceError | undefined => {
    const { model = '', version } = request.params as Readonly<Record<string, string | undefined>>;
    return dataPlane.refusal(model, version, headerTerms(request));
  };
