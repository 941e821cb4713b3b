import type { Long, Reader } from 'protobufjs/minimal.js';
import { InferenceError, invalidArgument, messageOf } from '../errors.ts';

/** Wire types: 0 varint, 1 64-bit, 2 length-delimited, 5 32-bit. */
export type WireType = 0 | 1 | 2 | 5;

/** The tag of a field: its number and its wire type. */
export const tagOf = (field: number, wireType: WireType): number => (field << 3) | wireType;

export const skipField = (reader: Reader, tag: number): Reader => reader.skipType(tag & 7, 0, tag >>> 3);

/**
 * Enters a message inside a message: narrows the reader to it, so that nothing in it reads beyond its end.
 * @returns the way out; throws if the message did not end where it said.
 */
export function openMessage(reader: Reader): () => void {
  const size = reader.size();
  const end = reader.pos + size;
  const outer = reader.len;
  if (end > outer) throw new RangeError(`a field of ${size} bytes ends beyond its message`);
  reader.len = end;
  return () => {
    if (reader.pos !== end) throw new RangeError('a message does not end where it says');
    reader.len = outer;
  };
}

/** A 64-bit integer, given in its halves, as a number where that is exact, else as a BigInt. */
export function safeInteger({ low, high, unsigned }: Long): number | bigint {
  const upper = unsigned ? high >>> 0 : high;
  const number = upper * 2 ** 32 + (low >>> 0);
  return Number.isSafeInteger(number) ? number : (BigInt(upper) << 32n) | BigInt(low >>> 0);
}

/** Runs a decoder; whatever protobuf stumbles over becomes `invalid_argument` naming the message. */
export function decoding<Message>(name: string, decode: () => Message): Message {
  try {
    return decode();
  } catch (error) {
    if (error instanceof InferenceError) throw error;
    throw invalidArgument(`malformed ${name}: ${messageOf(error)}`);
  }
}
