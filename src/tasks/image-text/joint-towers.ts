import { InferenceError } from '../../errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { pixelInput, pixelTensor } from '../image/image-runs.ts';
import type { Size } from '../image/image-settings.ts';
import type { ImageTensor } from '../image/preprocess.ts';
import { inLanes } from '../lanes.ts';
import type { TaskModel } from '../task.ts';
import { normalized } from '../text/pooling.ts';
import type { TextEncoder } from '../text/text-encoder.ts';
import { paddedLength, textInputs, textTensors } from '../text/text-rows.ts';
import { rowOf } from '../text/text-runs.ts';
import type { Encoded } from '../text/text-tokenizer.ts';
import type { Towers } from './towers.ts';

/** Texts in one run; with each run the images are computed anew. */
const TEXTS_AT_ONCE = 256;

/**
 * One graph with both towers, which gives the logits itself. It always wants a text and an image: where only one is
 * asked for, the other is blank.
 */
export function jointTowers(encoder: TextEncoder, size: Size | undefined): Towers {
  const run = (images: readonly ImageTensor[], texts: readonly Encoded[], model: TaskModel, output: string) =>
    runBoth(images, texts, encoder, model, output);
  return {
    async texts(encoded, model) {
      const vectors: Float32Array[] = [];
      await inLanes(chunks(encoded.length), async (start) => {
        const some = encoded.slice(start, start + TEXTS_AT_ONCE);
        const tensor = await run([blankImage(model, size)], some, model, 'text_embeds');
        for (const index of some.keys()) vectors[start + index] = normalized(rowOf(tensor, index).data);
      });
      return vectors;
    },
    async images(images, model) {
      const vectors: Float32Array[] = [];
      const [blank] = await encoder.encode([{ text: '' }], { truncation: true }, undefined);
      await inLanes([...images.entries()], async ([index, image]) => {
        const tensor = await run([image], blank === undefined ? [] : [blank], model, 'image_embeds');
        vectors[index] = normalized(rowOf(tensor, 0).data);
      });
      return vectors;
    },
    async logits(image, encoded, model) {
      const logits = new Float32Array(encoded.length);
      await inLanes(chunks(encoded.length), async (start) => {
        const some = encoded.slice(start, start + TEXTS_AT_ONCE);
        logits.set(rowOf(await run([image], some, model, 'logits_per_image'), 0).data, start);
      });
      return logits;
    },
  };
}

const chunks = (length: number): number[] =>
  Array.from({ length: Math.ceil(length / TEXTS_AT_ONCE) }, (_, chunk) => chunk * TEXTS_AT_ONCE);

async function runBoth(
  images: readonly ImageTensor[],
  texts: readonly Encoded[],
  encoder: TextEncoder,
  model: TaskModel,
  output: string,
): Promise<Tensor> {
  const specs = textInputs(model.signature, model.name);
  const pixels = pixelInput(model);
  const length = paddedLength(Math.max(...texts.map(({ ids }) => ids.length)), specs, encoder);
  const inputs = new Map(textTensors(texts, length, specs, encoder));
  inputs.set(pixels.name, pixelTensor(images, pixels));
  const tensor = (await model.run(inputs, [output])).get(output);
  if (tensor === undefined) throw new InferenceError('internal', 'internal error');
  return tensor;
}

function blankImage(model: TaskModel, size: Size | undefined): ImageTensor {
  const [, channels, height, width] = pixelInput(model).dims;
  const shape = [
    typeof channels === 'number' ? channels : 3,
    typeof height === 'number' ? height : (size?.height ?? 1),
    typeof width === 'number' ? width : (size?.width ?? 1),
  ] as const;
  return { shape, data: new Float32Array(shape[0] * shape[1] * shape[2]) };
}
