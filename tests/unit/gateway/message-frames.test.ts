import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageFrames } from '../../../src/gateway/message-frames.ts';

/** What is told of these bytes, in parts of so many. */
function told(bytes: Buffer, part: number): string[] {
  const seen: string[] = [];
  const frames = new MessageFrames(
    (length) => seen.push(`begins ${length}`),
    () => seen.push('ends'),
  );
  for (let at = 0; at < bytes.length; at += part) frames.read(bytes.subarray(at, at + part));
  return seen;
}

function framed(length: number, compressed = false): Buffer {
  const message = Buffer.alloc(5 + length, 0xff);
  message.writeUInt8(compressed ? 1 : 0, 0);
  message.writeUInt32BE(length, 1);
  return message;
}

test('every message begins with its length and ends once, however the bytes are cut', () => {
  const lengths = fc.array(fc.oneof(fc.constant(0), fc.nat(700)), { maxLength: 6 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 900 }), fc.boolean(), (list, part, compressed) => {
      const bytes = Buffer.concat(list.map((length) => framed(length, compressed)));
      expect(told(bytes, part)).toEqual(list.flatMap((length) => [`begins ${length}`, 'ends']));
    }),
  );
});

test('the length is known before the message comes, and a part of it is no end', () => {
  const bytes = framed(0xabcdef);
  expect(told(bytes.subarray(0, 4), 4)).toEqual([]);
  expect(told(bytes.subarray(0, 5), 5)).toEqual([`begins ${0xabcdef}`]);
  expect(told(bytes.subarray(0, -1), 16_384)).toEqual([`begins ${0xabcdef}`]);
  const largest = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
  expect(told(largest, 5)).toEqual([`begins ${2 ** 32 - 1}`]);
});
