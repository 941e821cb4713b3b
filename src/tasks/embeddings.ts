import { z } from 'zod';
import { invalidArgument } from '../errors.ts';
import { FLAG, listOf, parseBody, TEXT } from './body.ts';
import type { Embedder } from './embedder.ts';
import type { Task, TaskModel } from './task.ts';
import { normalized } from './text/pooling.ts';
import type { Encoded } from './text/text-tokenizer.ts';

const TOKEN = z.int({ error: 'must be a token id' }).nonnegative({ error: 'must be a token id' });

/** Token ids as they are: an upper bound keeps a list of them from being taken for a long list of texts. */
const TOKENS = z.array(TOKEN).min(1, { error: 'must not be empty' });

const BODY = z.strictObject({
  model: z.string().optional(),
  input: z.union([TEXT, TOKENS, listOf(TEXT), listOf(TOKENS)], {
    error: 'must be a text, a list of texts, a list of token ids or a list of those',
  }),
  encoding_format: z.enum(['float', 'base64'], { error: "must be 'float' or 'base64'" }).default('float'),
  dimensions: z
    .int({ error: 'must be a positive integer' })
    .positive({ error: 'must be a positive integer' })
    .optional(),
  user: z.string().optional(),
  truncation: FLAG.default(false),
});

/**
 * Vectors in the form of OpenAI's `/v1/embeddings`. Token ids are those of the model's own tokenizer and are read as
 * they are, without special tokens. `dimensions` keeps the first numbers of a vector, at length 1 again, as OpenAI has
 * it; it is refused when the vector has fewer. `truncation` is ours: without it a text that is too long is refused.
 */
export const embeddings = (embedder: Embedder): Task => ({
  async run(body, model) {
    const request = parseBody(BODY, body);
    const encoded = await encodedInput(request, embedder, model);
    const { vectors, tokens } = await embedder.embed(encoded, {}, model);
    const data = vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: wireVector(shortened(vector, request.dimensions), request.encoding_format),
    }));
    const usage = { prompt_tokens: tokens, total_tokens: tokens };
    return { object: 'list', data, model: request.model ?? model.name, usage };
  },
});

function encodedInput(
  { input, truncation }: z.infer<typeof BODY>,
  embedder: Embedder,
  model: TaskModel,
): Promise<readonly Encoded[]> {
  const list: readonly (string | number | number[])[] = typeof input === 'string' ? [input] : input;
  const texts = list.filter((each) => typeof each === 'string');
  if (texts.length > 0) return embedder.encode(texts, { truncation }, model, 'input');
  const rows = list.every((each) => typeof each === 'number') ? [list] : (list as readonly number[][]);
  return Promise.resolve(rows.map((ids) => checkedIds(ids, embedder, model)));
}

function checkedIds(ids: readonly number[], embedder: Embedder, model: TaskModel): Encoded {
  const limit = embedder.limit(model);
  if (limit !== undefined && ids.length > limit) {
    throw invalidArgument(`'input' has ${ids.length} tokens, the limit is ${limit}`);
  }
  const outside = ids.find((id) => id >= embedder.vocabularySize);
  if (outside !== undefined) {
    throw invalidArgument(
      `'input': token id ${outside} is not below ${embedder.vocabularySize}, the vocabulary's size`,
    );
  }
  return { ids, typeIds: ids.map(() => 0), length: ids.length };
}

function shortened(vector: Float32Array, dimensions: number | undefined): Float32Array {
  if (dimensions === undefined || dimensions === vector.length) return vector;
  if (dimensions < vector.length) return normalized(vector.slice(0, dimensions));
  throw invalidArgument(`'dimensions' is ${dimensions}, the model's vectors have ${vector.length}`);
}

/** Base64 of little-endian 32-bit floats, or numbers. */
function wireVector(vector: Float32Array, format: 'float' | 'base64'): string | number[] {
  if (format === 'float') return Array.from(vector);
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
