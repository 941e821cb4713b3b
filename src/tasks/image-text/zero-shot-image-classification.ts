import { LABELS, parseBody, requestBody, TEXT_PARAMETERS, template } from '../body.ts';
import { prepareImage } from '../image/image-host.ts';
import { WRAPPED_IMAGE } from '../image/image-input.ts';
import { softmax, topLabels } from '../scores.ts';
import type { Task } from '../task.ts';
import type { ImageText } from './image-text.ts';

const BODY = requestBody(WRAPPED_IMAGE, {
  ...TEXT_PARAMETERS,
  candidate_labels: LABELS,
  hypothesis_template: template('This is a photo of {}.'),
});

/** How well labels that the model was not trained for fit an image: `{label, score}`, best first. */
export const zeroShotImageClassification = ({ encoder, settings, towers }: ImageText): Task => ({
  async run(body, model) {
    const { inputs, parameters } = parseBody(BODY, body);
    const { candidate_labels: labels, hypothesis_template: sentence } = parameters;
    const texts = labels.map((label) => ({ text: sentence(label) }));
    const encoded = await encoder.encode(texts, parameters, undefined, 'parameters.candidate_labels');
    const image = await prepareImage(inputs, settings, 3);
    const logits = await towers(model).logits(image, encoded, model);
    return topLabels(softmax(logits), (index) => labels[index] ?? '', labels.length);
  },
});
