import { z } from 'zod';
import { FLAG, listOf, parseBody, requestBody, TEXT, TEXT_PARAMETERS } from './body.ts';
import type { Embedder } from './embedder.ts';
import type { Task } from './task.ts';
import { POOLINGS } from './text/pooling.ts';
import type { OutputRow } from './text/text-runs.ts';

const WAYS = ['none', ...POOLINGS] as const;

const BODY = requestBody(z.union([TEXT, listOf(TEXT)], { error: 'must be a text or a list of texts' }), {
  ...TEXT_PARAMETERS,
  pooling: z.enum(WAYS, { error: `must be one of ${WAYS.join(', ')}` }).optional(),
  normalize: FLAG.optional(),
  prompt_name: z.string().nullish(),
}).extend({
  normalize: FLAG.optional(),
  truncate: FLAG.nullish(),
  prompt_name: z.string().nullish(),
});

/**
 * Vectors of texts: one for a text, a list for a list, where the export says how tokens are pooled or the request does
 * (`parameters.pooling`). Otherwise, as the Python pipeline, the vectors of all tokens: [1, tokens, width] for a text.
 * `normalize`, `truncate` and `prompt_name` may stand beside `inputs`, where Hugging Face's own clients put them.
 */
export const featureExtraction = (embedder: Embedder): Task => ({
  async run(body, model) {
    const { inputs, parameters, ...beside } = parseBody(BODY, body);
    const { pooling, ...rest } = parameters;
    const request = {
      ...rest,
      truncation: parameters.truncation || beside.truncate === true,
      normalize: parameters.normalize ?? beside.normalize,
      prompt_name: parameters.prompt_name ?? beside.prompt_name ?? undefined,
    };
    const texts = Array.isArray(inputs) ? inputs : [inputs];
    const encoded = await embedder.encode(texts, request, model);
    const tokenwise = pooling === 'none' || (pooling === undefined && !embedder.pools);
    const answers = tokenwise
      ? (await embedder.features(encoded, model)).map((row) => tokenVectors(row))
      : (await embedder.embed(encoded, { ...request, pooling }, model)).vectors.map((vector) =>
          Array.from(vector),
        );
    return Array.isArray(inputs) ? answers : answers[0];
  },
});

/** A row without its padding; what is not a vector for each token is given as it is. */
function tokenVectors({ data, shape, start, length }: OutputRow): number[] | number[][][] {
  const [, width] = shape;
  if (width === undefined) return Array.from(data);
  const vectors = Array.from({ length }, (_, token) =>
    Array.from(data.subarray((start + token) * width, (start + token + 1) * width)),
  );
  return [vectors];
}
