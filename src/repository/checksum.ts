import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { InferenceError } from '../errors.ts';
import { unreadable } from './contained-folder.ts';
import type { VariantSource } from './model-source.ts';

/**
 * Bytes. A start reads many megabytes while its event loop is busy with other things: each piece waits for a turn of
 * it.
 */
const READ_AT_ONCE = 2 ** 20;

/** Throws `failed_precondition` when a file is not the one variants.json was written for. */
export async function verifyChecksum(
  { name, path, sha256 }: VariantSource,
  signal: AbortSignal,
): Promise<void> {
  if (sha256 === undefined) return;
  const actual = await hashFile(path, signal).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  if (actual === sha256) return;
  throw new InferenceError(
    'failed_precondition',
    `${name} has sha256 ${actual}, variants.json expects ${sha256}: the file was changed or is damaged`,
  );
}

/** SHA-256 in hexadecimal digits. Streamed: files may be large. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: READ_AT_ONCE }), hash, { signal });
  return hash.digest('hex');
}
