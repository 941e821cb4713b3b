/** 8-bit pixels, row by row, the channels of a pixel together. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** The middle of an image, [width, height]. Where the image is smaller it is set in the middle of black. */
export function centerCrop(image: Pixels, width: number, height: number): Pixels {
  const { channels } = image;
  const left = offset(image.width, width);
  const top = offset(image.height, height);
  const data = new Uint8Array(width * height * channels);
  const from = Math.max(0, left);
  const until = Math.min(image.width, left + width);
  for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++) {
    const row = (y + top) * image.width;
    const part = image.data.subarray((row + from) * channels, (row + until) * channels);
    data.set(part, (y * width + from - left) * channels);
  }
  return { width, height, channels, data };
}

/** The odd pixel of a difference is on the right where the image is cut, on the left where black is added. */
const offset = (size: number, wanted: number): number =>
  size >= wanted ? Math.floor((size - wanted) / 2) : -Math.ceil((wanted - size) / 2);

/** Luma of ITU-R 601-2 in PIL's 16-bit integers. */
export function grayscale({ width, height, channels, data }: Pixels): Pixels {
  if (channels === 1) return { width, height, channels, data };
  const gray = new Uint8Array(width * height);
  for (let pixel = 0; pixel < gray.length; pixel++) {
    const at = pixel * channels;
    const [red = 0, green = 0, blue = 0] = [data[at], data[at + 1], data[at + 2]];
    gray[pixel] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: gray };
}

/** One channel as three equal ones. */
export function colour({ width, height, channels, data }: Pixels): Pixels {
  if (channels === 3) return { width, height, channels, data };
  const wide = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) wide.fill(data[pixel] ?? 0, pixel * 3, pixel * 3 + 3);
  return { width, height, channels: 3, data: wide };
}
