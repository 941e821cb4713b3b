import { InferenceError } from '../../errors.ts';
import { runImages } from '../image/image-runs.ts';
import { outputNamed } from '../outputs.ts';
import type { TaskModel, Tower } from '../task.ts';
import { dot, normalized } from '../text/pooling.ts';
import type { TextEncoder } from '../text/text-encoder.ts';
import { runTexts } from '../text/text-runs.ts';
import type { Towers } from './towers.ts';

/**
 * A graph for texts and one for images: each is batched for itself, and only the one that is needed runs.
 * @param scale the temperature the model learned, as a factor of the cosine; it is in neither graph
 */
export function separateTowers(encoder: TextEncoder, scale: number): Towers {
  const towers: Towers = {
    async texts(encoded, model) {
      const tower = towerOf(model, 'text');
      const rows = await runTexts(encoded, encoder, tower, outputNamed(tower, ['text_embeds']));
      return rows.map(({ data }) => normalized(data));
    },
    async images(images, model) {
      const tower = towerOf(model, 'vision');
      const rows = await runImages(images, tower, outputNamed(tower, ['image_embeds']));
      return rows.map(normalized);
    },
    async logits(image, encoded, model) {
      const [[picture = new Float32Array()], texts] = await Promise.all([
        towers.images([image], model),
        towers.texts(encoded, model),
      ]);
      return Float32Array.from(texts, (text) => scale * dot(picture, text));
    },
  };
  return towers;
}

function towerOf(model: TaskModel, name: Tower): TaskModel {
  const tower = model.tower(name);
  if (tower !== undefined) return tower;
  throw new InferenceError('failed_precondition', `model '${model.name}' has no graph for the ${name} tower`);
}
