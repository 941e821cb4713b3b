import { z } from 'zod';
import { invalidArgument } from '../errors.ts';
import { LABELS, listOf, parseBody, requestBody, TEXT, TEXT_PARAMETERS, template } from './body.ts';
import { MAX_TEXTS } from './limits.ts';
import { softmax, topLabels } from './scores.ts';
import type { Task } from './task.ts';
import type { TextClassifier } from './text-classifier.ts';

const BODY = requestBody(z.union([TEXT, listOf(TEXT)], { error: 'must be a text or a list of texts' }), {
  ...TEXT_PARAMETERS,
  candidate_labels: LABELS,
  hypothesis_template: template('This example is {}.'),
  multi_label: z.boolean({ error: 'must be true or false' }).default(false),
});

/**
 * How well labels that the model was not trained for fit a text: each is put into a sentence, and a model of natural
 * language inference says whether the text entails it. Answers `{label, score}`, best first, for a text; a list of
 * those for a list. Only the text is ever cut, never the sentence with the label.
 * @param entailment index of the class "entailment"
 */
export const zeroShotClassification = ({ logits }: TextClassifier, entailment: number): Task => ({
  async run(body, model) {
    const { inputs, parameters } = parseBody(BODY, body);
    const { candidate_labels: labels, hypothesis_template: hypothesis, multi_label: several } = parameters;
    const texts = Array.isArray(inputs) ? inputs : [inputs];
    if (texts.length * labels.length > MAX_TEXTS) {
      throw invalidArgument(
        `'inputs': ${texts.length} texts with ${labels.length} labels make more than ${MAX_TEXTS} pairs`,
      );
    }
    const pairs = texts.flatMap((text) => labels.map((label) => ({ text, pair: hypothesis(label) })));
    const rows = (await logits(pairs, { ...parameters, onlyFirst: true }, model)).map(({ data }) => data);
    const answers = texts.map((_, index) => {
      const own = rows.slice(index * labels.length, (index + 1) * labels.length);
      const scores = several || labels.length === 1 ? alone(own, entailment) : together(own, entailment);
      return topLabels(scores, (label) => labels[label] ?? '', labels.length);
    });
    return Array.isArray(inputs) ? answers : answers[0];
  },
});

/** The labels share one softmax over their entailment. */
const together = (rows: readonly Float32Array[], entailment: number): Float64Array =>
  softmax(rows.map((row) => row[entailment] ?? 0));

/**
 * Each label for itself: entailment against contradiction, which is the first class, or the last where that is taken.
 */
function alone(rows: readonly Float32Array[], entailment: number): Float64Array {
  return Float64Array.from(rows, (row) => {
    const contradiction = entailment === 0 ? row.length - 1 : 0;
    return softmax([row[contradiction] ?? 0, row[entailment] ?? 0])[1] ?? 0;
  });
}
