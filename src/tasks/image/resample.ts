import type { Pixels } from './pixels.ts';

/** Filters in the order of PIL's numbers. */
export const FILTERS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const;

export type Filter = (typeof FILTERS)[number];

interface Kernel {
  readonly support: number;
  readonly weight: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

function cubic(x: number): number {
  const a = -0.5;
  const distance = Math.abs(x);
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * a : 0;
}

const KERNELS: Readonly<Record<Exclude<Filter, 'nearest'>, Kernel>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    weight: (x) => (Math.abs(x) >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x))),
  },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Weights are integers of this many binary places. */
const PRECISION = 22;

/**
 * Resizes as PIL does, to the last bit: two passes of a windowed filter whose width grows with the reduction, 8-bit
 * pixels between them, integer weights. Other libraries place or round differently, and a model then answers
 * differently. Source: the resampling of Pillow (libImaging/Resample.c), described in its documentation of filters.
 */
export function resample(image: Pixels, width: number, height: number, filter: Filter): Pixels {
  if (image.width === width && image.height === height) return image;
  if (filter === 'nearest') return nearest(image, width, height);
  const kernel = KERNELS[filter];
  const wide = image.width === width ? image : horizontally(image, taps(image.width, width, kernel));
  return wide.height === height ? wide : vertically(wide, taps(wide.height, height, kernel));
}

/** The source pixels that make each pixel of a line: where they begin, and their weights. */
interface Taps {
  readonly size: number;
  readonly most: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
}

function taps(from: number, to: number, { support, weight }: Kernel): Taps {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const most = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * most);
  for (let pixel = 0; pixel < to; pixel++) {
    const center = (pixel + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(center - reach + 0.5));
    const length = Math.min(from, Math.trunc(center + reach + 0.5)) - begin;
    const own = Float64Array.from({ length }, (_, tap) => weight((begin + tap - center + 0.5) / stretch));
    const sum = own.reduce((total, each) => total + each, 0);
    for (const [tap, each] of own.entries()) {
      const share = (sum === 0 ? each : each / sum) * 2 ** PRECISION;
      weights[pixel * most + tap] = Math.trunc(share + (share < 0 ? -0.5 : 0.5));
    }
    first[pixel] = begin;
    count[pixel] = length;
  }
  return { size: to, most, first, count, weights };
}

const HALF = 2 ** (PRECISION - 1);

function clamp(sum: number): number {
  const value = sum >> PRECISION;
  return Math.max(0, Math.min(255, value));
}

function horizontally(image: Pixels, lines: Taps): Pixels {
  const { channels, height } = image;
  const data = new Uint8Array(lines.size * height * channels);
  for (let y = 0; y < height; y++) {
    const row = image.data.subarray(y * image.width * channels, (y + 1) * image.width * channels);
    for (let channel = 0; channel < channels; channel++) {
      weighRow(row, channel, channels, lines, data, y * lines.size * channels);
    }
  }
  return { width: lines.size, height, channels, data };
}

/** One channel of a row. Sums fit 32 bits: weights add up to 2^22, and no filter's positive part to twice that. */
function weighRow(
  row: Uint8Array,
  channel: number,
  channels: number,
  { size, most, first, count, weights }: Taps,
  target: Uint8Array,
  at: number,
): void {
  for (let x = 0; x < size; x++) {
    let source = (first[x] ?? 0) * channels + channel;
    const end = x * most + (count[x] ?? 0);
    let sum = HALF;
    for (let tap = x * most; tap < end; tap++) {
      sum = (sum + Math.imul(row[source] as number, weights[tap] as number)) | 0;
      source += channels;
    }
    target[at + x * channels + channel] = clamp(sum);
  }
}

function vertically(image: Pixels, { size, most, first, count, weights }: Taps): Pixels {
  const stride = image.width * image.channels;
  const data = new Uint8Array(size * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < size; y++) {
    sums.fill(HALF);
    for (let tap = 0; tap < (count[y] ?? 0); tap++) {
      const row = ((first[y] ?? 0) + tap) * stride;
      const weight = weights[y * most + tap] ?? 0;
      for (let byte = 0; byte < stride; byte++) {
        sums[byte] = (sums[byte] as number) + Math.imul(image.data[row + byte] as number, weight);
      }
    }
    for (let byte = 0; byte < stride; byte++) data[y * stride + byte] = clamp(sums[byte] ?? 0);
  }
  return { width: image.width, height: size, channels: image.channels, data };
}

function nearest(image: Pixels, width: number, height: number): Pixels {
  const { channels } = image;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const row = Math.min(image.height - 1, Math.floor(((y + 0.5) * image.height) / height));
    for (let x = 0; x < width; x++) {
      const column = Math.min(image.width - 1, Math.floor(((x + 0.5) * image.width) / width));
      const from = (row * image.width + column) * channels;
      data.set(image.data.subarray(from, from + channels), (y * width + x) * channels);
    }
  }
  return { width, height, channels, data };
}
