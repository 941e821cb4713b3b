import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { InferenceError } from '../errors.ts';
import { unreadable } from './contained-folder.ts';
import type { VariantSource } from './model-source.ts';

/** Throws `failed_precondition` when a file is not the one variants.json was written for. Streamed: files may be large. */
export async function verifyChecksum(
  { name, path, sha256 }: VariantSource,
  signal: AbortSignal,
): Promise<void> {
  if (sha256 === undefined) return;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal }).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  const actual = hash.digest('hex');
  if (actual === sha256) return;
  throw new InferenceError(
    'failed_precondition',
    `${name} has sha256 ${actual}, variants.json expects ${sha256}: the file was changed or is damaged`,
  );
}
