import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageFrames } from '../../../src/gateway/message-frames.ts';

function framed(length: number, compressed = false): Buffer {
  const message = Buffer.alloc(5 + length, 0xff);
  message.writeUInt8(compressed ? 1 : 0, 0);
  message.writeUInt32BE(length, 1);
  return message;
}

/** Of messages of these lengths, after so many bytes of them all. */
function atHand(lengths: readonly number[], bytes: number): { waiting: number; length: number } {
  let rest = bytes;
  for (const length of lengths) {
    if (rest < 5) break;
    if (rest < 5 + length) return { waiting: rest - 5, length };
    rest -= 5 + length;
  }
  return { waiting: 0, length: 0 };
}

test('says after every part how much has come of which message, however the bytes are cut', () => {
  const lengths = fc.array(fc.oneof(fc.constant(0), fc.nat(700)), { maxLength: 6 });
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 900 }), fc.boolean(), (list, part, compressed) => {
      const bytes = Buffer.concat(list.map((length) => framed(length, compressed)));
      const frames = new MessageFrames();
      for (let at = 0; at < bytes.length; at += part) {
        frames.read(bytes.subarray(at, at + part));
        const expected = atHand(list, Math.min(at + part, bytes.length));
        expect({ waiting: frames.waiting, length: frames.length }).toEqual(expected);
      }
    }),
  );
});

test('the length is known before the message comes, up to the longest that the prefix can tell', () => {
  const frames = new MessageFrames();
  frames.read(Buffer.from([0, 0xff, 0xff, 0xff]));
  expect(frames).toMatchObject({ waiting: 0, length: 0 });
  frames.read(Buffer.from([0xff]));
  expect(frames).toMatchObject({ waiting: 0, length: 2 ** 32 - 1 });
  frames.read(Buffer.alloc(1000));
  expect(frames).toMatchObject({ waiting: 1000, length: 2 ** 32 - 1 });
});
