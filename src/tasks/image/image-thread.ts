import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import type { ThreadAnswer } from '../task-thread.ts';
import { decodeImage } from './decode.ts';
import type { ImageSettings } from './image-settings.ts';
import { ImageFault, type ImageTensor, preprocess } from './preprocess.ts';

export interface ImageJob {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly settings: ImageSettings;
  readonly channels: number;
}

async function answer({ id, bytes, settings, channels }: ImageJob): Promise<ThreadAnswer<ImageTensor>> {
  try {
    return { id, result: preprocess(await decodeImage(bytes), settings, channels) };
  } catch (error) {
    return error instanceof ImageFault ? { id, invalid: error.message } : { id, fault: messageOf(error) };
  }
}

parentPort?.on('message', async (job: ImageJob) => {
  const reply = await answer(job);
  parentPort?.postMessage(reply, 'result' in reply ? [reply.result.data.buffer] : []);
});
