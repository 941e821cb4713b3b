import { z } from 'zod';
import { listOf, parseBody, requestBody, TEXT, TEXT_PARAMETERS } from './body.ts';
import { groupEntities, joinWords, type Piece, type Strategy, tagged } from './entities.ts';
import { type ExportFolder, jsonObject } from './export-folder.ts';
import { labelsOf } from './labels.ts';
import { scoreOutput } from './outputs.ts';
import { softmax } from './scores.ts';
import type { Task, TaskSet } from './task.ts';
import { openTextEncoder, type TextEncoder } from './text/text-encoder.ts';
import { fixedLength, textInputs } from './text/text-rows.ts';
import { type OutputRow, runTexts } from './text/text-runs.ts';
import type { Encoded } from './text/text-tokenizer.ts';

const STRATEGIES = ['none', 'simple', 'first', 'average', 'max'] as const satisfies readonly Strategy[];

const BODY = requestBody(z.union([TEXT, listOf(TEXT)], { error: 'must be a text or a list of texts' }), {
  ...TEXT_PARAMETERS,
  aggregation_strategy: z
    .enum(STRATEGIES, { error: `must be one of ${STRATEGIES.join(', ')}` })
    .default('simple'),
  ignore_labels: z.array(z.string()).default(['O']),
});

/**
 * Labels for the tokens of texts: a list of entities for a text, a list of those for a list. `start` and `end` count
 * code points, as Python does. Entities are grouped by `aggregation_strategy`; "simple", the default of the hosted API.
 */
export async function tokenClassifierTasks(folder: ExportFolder): Promise<TaskSet> {
  const config = await jsonObject(folder, 'config.json');
  const encoder = await openTextEncoder(folder, config);
  const labels = labelsOf(config);
  const task: Task = {
    async run(body, model) {
      const { inputs, parameters } = parseBody(BODY, body);
      const { aggregation_strategy: strategy, ignore_labels: ignored } = parameters;
      const texts = Array.isArray(inputs) ? inputs : [inputs];
      const limit = fixedLength(textInputs(model.signature, model.name));
      const request = { ...parameters, places: true };
      const encoded = await encoder.encode(
        texts.map((text) => ({ text })),
        request,
        limit,
      );
      const rows = await runTexts(encoded, encoder, model, scoreOutput(model));
      const answers = rows.map((row, index) => {
        const pieces = piecesOf([...(texts[index] ?? '')], encoded[index], row, encoder);
        return entities(pieces, strategy, labels, encoder).filter(
          (entity) => !ignored.includes('entity' in entity ? entity.entity : entity.entity_group),
        );
      });
      return Array.isArray(inputs) ? answers : answers[0];
    },
  };
  return new Map([['token-classification', task]]);
}

function entities(
  pieces: readonly Piece[],
  strategy: Strategy,
  labels: (index: number) => string,
  { joiner }: TextEncoder,
) {
  const join = (words: readonly string[]) => joiner.join(words);
  if (strategy === 'none') {
    return pieces.map((piece) => {
      const { entity, score } = tagged(piece.scores, labels);
      const { index, word, start, end } = piece;
      return { entity, score, index, word, start, end };
    });
  }
  return groupEntities(joinWords(pieces, strategy, labels, join), join);
}

/** The tokens of a text with their scores. Special tokens have none. */
function piecesOf(
  text: readonly string[],
  encoded: Encoded | undefined,
  { data, shape, start: first }: OutputRow,
  { joiner }: TextEncoder,
): Piece[] {
  const classes = shape[1] ?? 0;
  const { tokens = [], first: special = 0 } = encoded?.placed ?? {};
  return tokens.map(({ token, start, end, unknown }, position) => {
    const index = special + position;
    const at = (first + index) * classes;
    const reference = text.slice(start, end);
    const subword = joiner.marksContinuation
      ? [...token].length !== reference.length
      : start > 0 && !text.slice(start - 1, start + 1).includes(' ');
    return {
      word: unknown ? reference.join('') : token,
      scores: softmax(data.subarray(at, at + classes)),
      start,
      end,
      index,
      subword: subword && !unknown,
    };
  });
}
