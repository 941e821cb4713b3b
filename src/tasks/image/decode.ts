import sharp from 'sharp';
import { MAX_IMAGE_PIXELS } from '../limits.ts';
import type { Pixels } from './pixels.ts';
import { ImageFault } from './preprocess.ts';

/** Images are decoded one by one, and none is asked for twice. */
sharp.cache(false);
sharp.concurrency(1);

/**
 * The pixels of a JPEG, PNG or WebP as the Python pipelines read them: turned as EXIF says, without an ICC profile,
 * alpha dropped and not blended. Other formats are refused by their first bytes, before the library sees them, and too
 * many pixels by the header, before any is decoded. Throws `ImageFault`.
 */
export async function decodeImage(bytes: Uint8Array): Promise<Pixels> {
  if (!isSupported(bytes)) throw new ImageFault('the image is not a JPEG, PNG or WebP');
  const image = sharp(bytes, { limitInputPixels: false, failOn: 'truncated', ignoreIcc: true, pages: 1 });
  const { width, height } = await image.metadata().catch(corrupt);
  if (width * height > MAX_IMAGE_PIXELS) {
    throw new ImageFault(
      `the image has ${width} x ${height} = ${width * height} pixels, the limit is ${MAX_IMAGE_PIXELS}`,
    );
  }
  const { data, info } = await image
    .autoOrient()
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(corrupt);
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** The library's words name its own functions, and would not help a client. */
function corrupt(): never {
  throw new ImageFault('the image is corrupt or cut off');
}

function isSupported(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 12)).toString('latin1');
  return (
    text.startsWith('\xff\xd8\xff') ||
    text.startsWith('\x89PNG\r\n\x1a\n') ||
    (text.startsWith('RIFF') && text.slice(8) === 'WEBP')
  );
}
