import { Buffer, isUtf8 } from 'node:buffer';
import { invalidArgument } from '../errors.ts';
import { quote } from './quote.ts';

/** Bytes of the little-endian length in front of each element. */
export const LENGTH_PREFIX = 4;

/**
 * Reads a BYTES tensor as it travels: per element a uint32 little-endian length, then that many bytes of UTF-8.
 * Throws `invalid_argument` naming the input where the bytes hold more or fewer than `count` elements, or where one
 * is not UTF-8. Nothing is allocated before `count` is known to be possible.
 */
export function decodeBytes(name: string, bytes: Uint8Array, count: number): string[] {
  if (bytes.byteLength < count * LENGTH_PREFIX) {
    throw invalidArgument(
      `unexpected size for input ${quote(name)}: ${count} BYTES elements need at least ${count * LENGTH_PREFIX} bytes, ${bytes.byteLength} given`,
    );
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  let offset = 0;
  for (let index = 0; index < count; index++) {
    if (buffer.byteLength - offset < LENGTH_PREFIX) throw truncated(name, index, count, buffer.byteLength);
    const start = offset + LENGTH_PREFIX;
    const end = start + buffer.readUInt32LE(offset);
    if (end > buffer.byteLength) throw truncated(name, index, count, buffer.byteLength);
    if (!isUtf8(buffer.subarray(start, end))) {
      throw invalidArgument(`input ${quote(name)}: element ${index} is not valid UTF-8`);
    }
    texts.push(buffer.toString('utf8', start, end));
    offset = end;
  }
  if (offset !== buffer.byteLength) {
    throw invalidArgument(
      `unexpected size for input ${quote(name)}: ${count} BYTES elements take ${offset} bytes, ${buffer.byteLength} given`,
    );
  }
  return texts;
}

/** Writes a BYTES tensor as it travels; see `decodeBytes`. */
export function encodeBytes(texts: readonly string[]): Uint8Array {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const total = lengths.reduce((sum, length) => sum + LENGTH_PREFIX + length, 0);
  const buffer = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const [index, text] of texts.entries()) {
    offset = buffer.writeUInt32LE(lengths[index] ?? 0, offset);
    offset += buffer.write(text, offset, 'utf8');
  }
  return buffer;
}

const truncated = (name: string, index: number, count: number, given: number) =>
  invalidArgument(
    `unexpected size for input ${quote(name)}: element ${index} of ${count} ends beyond the ${given} bytes given`,
  );
