import { z } from 'zod';
import { MAX_IMAGES } from '../limits.ts';

/** Bytes of an image, sent as they are or in base64, with or without the head of a data URL. */
export const IMAGE = z
  .union([z.instanceof(Uint8Array), z.string()], { error: 'must be an image in base64' })
  .transform((image, context) => {
    if (typeof image !== 'string') return image;
    const text = image.replace(/^data:image\/[\w.+-]+;base64,/, '');
    if (/^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(text)) return new Uint8Array(Buffer.from(text, 'base64'));
    context.addIssue({ code: 'custom', message: 'must be an image in base64' });
    return z.NEVER;
  });

export const IMAGES = z
  .array(z.unknown(), { error: 'must be a list' })
  .refine((list) => list.length > 0, { error: 'must not be empty', abort: true })
  .refine((list) => list.length <= MAX_IMAGES, {
    error: `must not have more than ${MAX_IMAGES} images`,
    abort: true,
  })
  .pipe(z.array(IMAGE));

/** An image, or the object that Hugging Face's client puts one into. */
export const WRAPPED_IMAGE = z.union(
  [IMAGE, z.strictObject({ image: IMAGE }).transform(({ image }) => image)],
  {
    error: 'must be an image in base64',
  },
);

/** A raw body stands for `inputs` alone. */
export const asBody = (body: unknown): unknown => (body instanceof Uint8Array ? { inputs: body } : body);
