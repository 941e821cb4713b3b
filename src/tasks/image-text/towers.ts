import type { ImageTensor } from '../image/preprocess.ts';
import type { TaskModel } from '../task.ts';
import type { Encoded } from '../text/text-tokenizer.ts';

/** The two sides of a model that puts texts and images into one space. */
export interface Towers {
  /** Vectors of texts, at length 1. */
  texts(encoded: readonly Encoded[], model: TaskModel): Promise<readonly Float32Array[]>;
  /** Vectors of images, at length 1. */
  images(images: readonly ImageTensor[], model: TaskModel): Promise<readonly Float32Array[]>;
  /** The logit of each text for an image. */
  logits(image: ImageTensor, encoded: readonly Encoded[], model: TaskModel): Promise<Float32Array>;
}
