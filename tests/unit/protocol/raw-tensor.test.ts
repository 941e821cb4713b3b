import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBytes, encodeBytes } from '../../../src/protocol/bytes-codec.ts';
import {
  decodeRawTensor,
  encodeRawTensor,
  MAX_ELEMENTS,
  MAX_EMPTY,
  MAX_RANK,
  parseDatatype,
  parseShape,
} from '../../../src/protocol/raw-tensor.ts';
import { DATATYPES, type Datatype } from '../../../src/tensor/datatype.ts';

const NUMERIC = Object.keys(DATATYPES).filter((name): name is Datatype => name !== 'BYTES');

const text = (bytes: readonly number[]) => {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(bytes.length);
  return Buffer.concat([prefix, Buffer.from(bytes)]);
};

describe('raw tensors', () => {
  it.each(NUMERIC)('bytes of %s survive decoding and encoding at any alignment', (datatype) => {
    const { size } = DATATYPES[datatype];
    const element = datatype === 'BOOL' ? fc.nat(1) : fc.nat(255);
    fc.assert(
      fc.property(
        fc.nat(20).chain((count) => fc.array(element, { minLength: count * size, maxLength: count * size })),
        fc.nat(8),
        (bytes, offset) => {
          const body = new Uint8Array(offset + bytes.length);
          body.set(bytes, offset);
          const shape = [bytes.length / size];
          const tensor = decodeRawTensor('x', datatype, shape, body.subarray(offset));
          expect(tensor.data.length).toBe(shape[0]);
          expect([...encodeRawTensor(tensor)]).toEqual(bytes);
        },
      ),
    );
  });

  it('strings survive decoding and encoding', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        expect(decodeBytes('x', encodeBytes(texts), texts.length)).toEqual(texts);
      }),
    );
  });

  it('aligned bytes are viewed, not copied', () => {
    const body = new Uint8Array(16);
    expect(decodeRawTensor('x', 'FP32', [2], body.subarray(8))).toHaveProperty('data.buffer', body.buffer);
  });

  it('NaN and infinity pass through', () => {
    const values = new Float32Array([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(decodeRawTensor('x', 'FP32', [3], new Uint8Array(values.buffer)).data).toEqual(values);
  });

  it('a scalar is one element and an empty tensor none', () => {
    expect(decodeRawTensor('x', 'INT32', [], new Uint8Array(4)).data).toHaveLength(1);
    expect(decodeRawTensor('x', 'INT32', [0, 3], new Uint8Array(0)).data).toHaveLength(0);
    expect(decodeRawTensor('x', 'BYTES', [0], new Uint8Array(0)).data).toEqual([]);
  });

  it.each<[string, Datatype, readonly number[], Uint8Array, RegExp]>([
    ['too short', 'FP32', [2], new Uint8Array(7), /'x'.*needs 8 bytes, 7 given/],
    ['too long', 'INT64', [1], new Uint8Array(9), /'x'.*needs 8 bytes, 9 given/],
    ['BYTES shorter than its prefixes', 'BYTES', [2 ** 30], new Uint8Array(8), /at least 4294967296 bytes/],
    ['a BYTES length that lies', 'BYTES', [1], Buffer.from([9, 0, 0, 0, 65]), /element 0 of 1 ends beyond/],
    ['leftover after BYTES', 'BYTES', [1], Buffer.concat([text([65]), text([66])]), /take 5 bytes, 10 given/],
    [
      'a second prefix cut',
      'BYTES',
      [2],
      Buffer.concat([text([65, 66, 67]), text([])]).subarray(0, 9),
      /1 of 2/,
    ],
    ['BYTES that are not UTF-8', 'BYTES', [1], text([0xff, 0xfe]), /element 0 is not valid UTF-8/],
    ['a BOOL of 2', 'BOOL', [2], Buffer.from([1, 2]), /element 1 is 2/],
  ])('%s is refused', (_, datatype, shape, bytes, message) => {
    expect(() => decodeRawTensor('x', datatype, shape, bytes)).toThrow(message);
  });
});

describe('shapes and datatypes', () => {
  it('a shape may hold numbers and bigints', () => {
    expect(parseShape('x', [2, 3n, 0])).toEqual([2, 3, 0]);
    expect(parseShape('x', [])).toEqual([]);
    expect(parseShape('x', [MAX_ELEMENTS])).toEqual([MAX_ELEMENTS]);
    expect(parseShape('x', [MAX_EMPTY, 0])).toEqual([MAX_EMPTY, 0]);
  });

  it.each<[string, readonly (number | bigint)[]]>([
    ['a negative dimension', [-1]],
    ['a fraction', [1.5]],
    ['NaN', [Number.NaN]],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['too many elements', [65536, 65536]],
    ['a product that hides behind a zero', [0, 2 ** 31, 2]],
    ['many rows without an element', [MAX_EMPTY + 1, 0]],
    ['no rows of many elements', [0, 2, MAX_EMPTY]],
    ['a bigint beyond every limit', [2n ** 64n]],
    ['too many dimensions', Array.from({ length: MAX_RANK + 1 }, () => 1)],
  ])('%s is refused', (_, shape) => {
    expect(() => parseShape('x', shape)).toThrow(/input 'x'/);
  });

  it('an unknown datatype is refused by name, without control characters', () => {
    expect(() => parseDatatype('x', 'FP\n8')).toThrow(/'x' has unknown datatype 'FP\?8'/);
    expect(parseDatatype('x', 'BF16')).toBe('BF16');
    expect(() => parseDatatype('x', 'toString')).toThrow(/unknown datatype/);
  });
});
