import { z } from 'zod';
import { listOf, parseBody, requestBody, TEXT, TEXT_PARAMETERS, TOP_K } from './body.ts';
import { DEFAULT_TOP_K } from './limits.ts';
import { defaultFunction, SCORE_FUNCTIONS, topLabels, toScores } from './scores.ts';
import type { Task } from './task.ts';
import type { TextInput } from './text/text-tokenizer.ts';
import type { TextClassifier } from './text-classifier.ts';

const INPUT = z.union([TEXT, z.strictObject({ text: TEXT, text_pair: TEXT.optional() })], {
  error: "must be a text or an object with 'text' and 'text_pair'",
});

const BODY = requestBody(z.union([INPUT, listOf(INPUT)], { error: 'must be a text or a list of texts' }), {
  ...TEXT_PARAMETERS,
  top_k: TOP_K.optional(),
  function_to_apply: SCORE_FUNCTIONS.optional(),
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
export const textClassification = ({ config, labels, logits }: TextClassifier): Task => ({
  async run(body, model) {
    const { inputs, parameters } = parseBody(BODY, body);
    const list = Array.isArray(inputs) ? inputs : [inputs];
    const rows = await logits(list.map(textInput), parameters, model);
    const { top_k: topK = DEFAULT_TOP_K, function_to_apply: given } = parameters;
    return rows.map(({ data, scored }) => {
      const apply = given ?? (scored ? 'none' : defaultFunction(config['problem_type'], data.length));
      return topLabels(toScores(data, apply), labels, topK ?? data.length);
    });
  },
});
