import { inLanes } from '../lanes.ts';
import { TaskThread } from '../task-thread.ts';
import type { ImageSettings } from './image-settings.ts';
import type { ImageTensor } from './preprocess.ts';

/** Two, so that one enormous image does not hold up every other. */
const THREADS = 2;

const entry = new URL('./image-thread.ts', import.meta.url);
const threads = Array.from({ length: THREADS }, () => new TaskThread<ImageTensor>(entry));

/**
 * Decodes and prepares an image in a thread; rejects with `invalid_argument` for one that cannot be. Always in a
 * thread: measured to 224 x 224, decoding and preparing take 5 + 8 ms for 640 x 480 and 115 + 195 ms for 12 megapixels,
 * the hand-over 0.1 ms.
 */
export function prepareImage(
  bytes: Uint8Array,
  settings: ImageSettings,
  channels: number,
): Promise<ImageTensor> {
  const [thread] = threads.toSorted((a, b) => a.pending - b.pending);
  if (thread === undefined) throw new Error('there is no image thread');
  return thread.run({ bytes, settings, channels });
}

/**
 * Images in their order. As many at a time as there are threads, so that those of other requests need not wait for
 * all of a long list.
 */
export async function prepareImages(
  images: readonly Uint8Array[],
  settings: ImageSettings,
  channels: number,
): Promise<ImageTensor[]> {
  const prepared: ImageTensor[] = [];
  const work = async ([index, image]: readonly [number, Uint8Array]) => {
    prepared[index] = await prepareImage(image, settings, channels);
  };
  await inLanes([...images.entries()], work, THREADS);
  return prepared;
}
