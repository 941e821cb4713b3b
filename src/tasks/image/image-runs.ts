import { InferenceError } from '../../errors.ts';
import type { TensorSpec } from '../../inference/signature.ts';
import { makeTensor, type Tensor } from '../../tensor/tensor.ts';
import { inLanes } from '../lanes.ts';
import type { TaskModel } from '../task.ts';
import { rowOf } from '../text/text-runs.ts';
import type { ImageSettings, Size } from './image-settings.ts';
import type { ImageTensor } from './preprocess.ts';

/**
 * The input for images. Throws `failed_precondition` where there is none of [batch, channels, height, width] floats.
 */
export function pixelInput({ signature, name }: TaskModel): TensorSpec {
  const floats = ['FP32', 'FP16'];
  const found = signature.inputs.find(({ dims, datatype }) => dims.length === 4 && floats.includes(datatype));
  if (found !== undefined) return found;
  throw new InferenceError(
    'failed_precondition',
    `model '${name}' has no input of images, which this task needs`,
  );
}

/** Channels of the images that the model reads: three unless it says one. */
export const channelsOf = (model: TaskModel): number => (pixelInput(model).dims[1] === 1 ? 1 : 3);

/** The size of the images that leave the processor, where it does not depend on the image. */
export function fixedImageSize({ crop, resize }: ImageSettings): Size | undefined {
  return crop ?? (resize !== undefined && 'width' in resize ? resize : undefined);
}

/**
 * Runs prepared images and gives the rows of an output. Images of one size go together, up to the batch of the model.
 */
export async function runImages(
  images: readonly ImageTensor[],
  model: TaskModel,
  output: string,
): Promise<Float32Array[]> {
  const spec = pixelInput(model);
  const rows: Float32Array[] = [];
  await inLanes(groups(images, Math.max(1, model.maxBatchSize)), async (indices) => {
    const members = indices.flatMap((index) => images[index] ?? []);
    const outputs = await model.run(new Map([[spec.name, pixelTensor(members, spec)]]), [output]);
    const tensor = outputs.get(output);
    if (tensor === undefined) throw new InferenceError('internal', 'internal error');
    for (const [row, index] of indices.entries()) rows[index] = rowOf(tensor, row).data;
  });
  return rows;
}

function groups(images: readonly ImageTensor[], most: number): number[][] {
  const open = new Map<string, number[]>();
  const found: number[][] = [];
  for (const [index, { shape }] of images.entries()) {
    const key = shape.join('x');
    let group = open.get(key);
    if (group === undefined || group.length === most) {
      group = [];
      open.set(key, group);
      found.push(group);
    }
    group.push(index);
  }
  return found;
}

/** Images of one size as [batch, channels, height, width]. */
export function pixelTensor(images: readonly ImageTensor[], { datatype }: TensorSpec): Tensor {
  const [channels = 0, height = 0, width = 0] = images[0]?.shape ?? [];
  const size = channels * height * width;
  const data =
    datatype === 'FP16' ? new Float16Array(size * images.length) : new Float32Array(size * images.length);
  for (const [index, image] of images.entries()) data.set(image.data, index * size);
  const shape = [images.length, channels, height, width];
  return makeTensor(datatype, shape, data instanceof Float32Array ? data : new Uint16Array(data.buffer));
}
