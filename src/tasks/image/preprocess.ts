import { MAX_IMAGE_PIXELS } from '../limits.ts';
import type { ImageSettings, Size } from './image-settings.ts';
import { centerCrop, colour, grayscale, type Pixels } from './pixels.ts';
import { resample } from './resample.ts';

/** An image as a model reads it: [channels, height, width]. */
export interface ImageTensor {
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly data: Float32Array<ArrayBuffer>;
}

/** A fault of the image, in words for the client. */
export class ImageFault extends Error {}

/** Resizes, crops, scales and normalizes, in the order of the Python processors. */
export function preprocess(image: Pixels, settings: ImageSettings, channels: number): ImageTensor {
  let pixels = channels === 1 ? grayscale(image) : colour(image);
  const size = resizedTo(pixels, settings.resize);
  if (size.width * size.height > MAX_IMAGE_PIXELS) {
    throw new ImageFault(
      `the image is ${image.width} x ${image.height} and would be resized to ${size.width} x ${size.height}, ` +
        `more than ${MAX_IMAGE_PIXELS} pixels`,
    );
  }
  pixels = resample(pixels, size.width, size.height, settings.filter);
  if (settings.crop !== undefined) pixels = centerCrop(pixels, settings.crop.width, settings.crop.height);
  return toTensor(pixels, settings);
}

function resizedTo({ width, height }: Pixels, resize: ImageSettings['resize']): Size {
  if (resize === undefined) return { width, height };
  if (!('shortest' in resize)) return resize;
  const long = Math.trunc((resize.shortest * Math.max(width, height)) / Math.min(width, height));
  return width <= height
    ? { width: resize.shortest, height: long }
    : { width: long, height: resize.shortest };
}

/** One channel after the other. Scaled values are rounded to 32 bits before they are normalized, as numpy has them. */
function toTensor({ width, height, channels, data }: Pixels, settings: ImageSettings): ImageTensor {
  const { scale, mean, deviation, flipped } = settings;
  const area = width * height;
  const tensor = new Float32Array(area * channels);
  for (let channel = 0; channel < channels; channel++) {
    const source = flipped ? channels - 1 - channel : channel;
    const shift = mean[channel] ?? mean[0] ?? 0;
    const divisor = deviation[channel] ?? deviation[0] ?? 1;
    for (let pixel = 0; pixel < area; pixel++) {
      const scaled = Math.fround((data[pixel * channels + source] ?? 0) * scale);
      tensor[channel * area + pixel] = (scaled - shift) / divisor;
    }
  }
  return { shape: [channels, height, width], data: tensor };
}
