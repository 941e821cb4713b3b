import { z } from 'zod';
import { parseBody, requestBody } from '../body.ts';
import { prepareImages } from '../image/image-host.ts';
import { asBody, IMAGES, WRAPPED_IMAGE } from '../image/image-input.ts';
import type { Task } from '../task.ts';
import type { ImageText } from './image-text.ts';

const BODY = requestBody(
  z.union([WRAPPED_IMAGE, IMAGES], { error: 'must be an image in base64, or a list of those' }),
  {},
);

/** Vectors of images, at length 1, in the space of the texts: one for an image, a list for a list. */
export const imageFeatureExtraction = ({ settings, towers }: ImageText): Task => ({
  async run(body, model) {
    const { inputs } = parseBody(BODY, asBody(body));
    const list = Array.isArray(inputs) ? inputs : [inputs];
    const images = await prepareImages(list, settings, 3);
    const vectors = (await towers(model).images(images, model)).map((vector) => Array.from(vector));
    return Array.isArray(inputs) ? vectors : vectors[0];
  },
});
