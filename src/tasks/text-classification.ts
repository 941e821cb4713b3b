import { z } from 'zod';
import type { ServedVersion } from '../inference/served.ts';
import { listOf, parseBody, requestBody, TEXT, TEXT_PARAMETERS, TOP_K } from './body.ts';
import { type ExportFolder, jsonObject } from './export-folder.ts';
import { labelsOf } from './labels.ts';
import { DEFAULT_TOP_K } from './limits.ts';
import { scoreOutput } from './outputs.ts';
import { type ScoreFunction, topLabels, toScores } from './scores.ts';
import type { Task } from './task.ts';
import { openTextEncoder } from './text/text-encoder.ts';
import { fixedLength, textInputs } from './text/text-rows.ts';
import { runTexts } from './text/text-runs.ts';
import type { TextInput } from './text/text-tokenizer.ts';

const INPUT = z.union([TEXT, z.strictObject({ text: TEXT, text_pair: TEXT.optional() })], {
  error: "must be a text or an object with 'text' and 'text_pair'",
});

const BODY = requestBody(z.union([INPUT, listOf(INPUT)], { error: 'must be a text or a list of texts' }), {
  ...TEXT_PARAMETERS,
  top_k: TOP_K.optional(),
  function_to_apply: z
    .enum(['softmax', 'sigmoid', 'none'], { error: "must be 'softmax', 'sigmoid' or 'none'" })
    .optional(),
});

/** An empty second text makes no pair: so the Python pipeline has it. */
const textInput = (input: z.infer<typeof INPUT>): TextInput => {
  if (typeof input === 'string') return { text: input };
  const { text, text_pair: pair } = input;
  return pair === undefined || pair === '' ? { text } : { text, pair };
};

/**
 * Labels for texts or pairs of texts. Answers one list of `{label, score}`, best first, for each text, and for a single
 * one a list that holds its list: the form of the hosted Hugging Face API.
 */
export async function createTextClassification(folder: ExportFolder, served: ServedVersion): Promise<Task> {
  const config = await jsonObject(folder, 'config.json');
  const encoder = await openTextEncoder(folder, config);
  const labels = labelsOf(config);
  return {
    async run(body, model) {
      const { inputs, parameters } = parseBody(BODY, body);
      const list = Array.isArray(inputs) ? inputs : [inputs];
      const limit = fixedLength(textInputs(model.signature, served.model));
      const encoded = await encoder.encode(list.map(textInput), parameters, limit);
      const rows = await runTexts(encoded, encoder, model, scoreOutput(model));
      const count =
        parameters.top_k === undefined ? DEFAULT_TOP_K : (parameters.top_k ?? Number.MAX_SAFE_INTEGER);
      return rows.map(({ data }) => {
        const apply = parameters.function_to_apply ?? defaultFunction(config['problem_type'], data.length);
        return topLabels(toScores(data, apply), labels, count);
      });
    },
  };
}

/** Labels that exclude each other share a softmax; a lone label, or labels that do not, have a sigmoid each. */
function defaultFunction(problemType: unknown, classes: number): ScoreFunction {
  if (problemType === 'regression') return 'none';
  return problemType === 'multi_label_classification' || classes === 1 ? 'sigmoid' : 'softmax';
}
