import { z } from 'zod';
import { FLAG, listOf, parseBody, TEXT } from './body.ts';
import { sigmoid } from './scores.ts';
import type { Task } from './task.ts';
import type { TextClassifier } from './text-classifier.ts';

const BODY = z.strictObject({
  model: z.string().optional(),
  query: TEXT,
  texts: listOf(TEXT),
  raw_scores: FLAG.default(false),
  return_text: FLAG.default(false),
  truncate: FLAG.default(false),
});

/**
 * Ranks texts by how well they answer a query, with a cross-encoder. The form is that of text-embeddings-inference: a
 * list of `{index, score}`, best first; `raw_scores` leaves out the sigmoid, `return_text` adds the text.
 */
export const rerank = ({ logits }: TextClassifier): Task => ({
  async run(body, model) {
    const { query, texts, raw_scores: raw, return_text: withText, truncate } = parseBody(BODY, body);
    const pairs = texts.map((text) => ({ text: query, pair: text }));
    const rows = await logits(pairs, { truncation: truncate }, model, 'texts');
    return rows
      .map(({ data: [logit = 0] }, index) => ({
        index,
        score: raw ? logit : sigmoid(logit),
        ...(withText ? { text: texts[index] } : {}),
      }))
      .sort((a, b) => b.score - a.score);
  },
});
