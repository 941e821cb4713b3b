import { z } from 'zod';
import { listOf, parseBody, requestBody, TEXT, TEXT_PARAMETERS } from './body.ts';
import type { Embedder } from './embedder.ts';
import type { Task } from './task.ts';
import { cosine } from './text/pooling.ts';

const BODY = requestBody(z.strictObject({ source_sentence: TEXT, sentences: listOf(TEXT) }), TEXT_PARAMETERS);

/** How close sentences are to a source: the cosine of their vectors, in the order of the sentences. */
export const sentenceSimilarity = (embedder: Embedder): Task => ({
  async run(body, model) {
    const { inputs, parameters } = parseBody(BODY, body);
    const texts = [inputs.source_sentence, ...inputs.sentences];
    const encoded = await embedder.encode(texts, parameters, model, 'inputs.sentences');
    const { vectors } = await embedder.embed(encoded, parameters, model);
    const [source = new Float32Array(), ...others] = vectors;
    return others.map((other) => cosine(source, other));
  },
});
