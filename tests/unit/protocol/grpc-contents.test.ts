import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inference as messages } from '../../../src/protocol/generated/inference.js';
import { decodeContents } from '../../../src/protocol/grpc-contents.ts';
import type { Datatype } from '../../../src/tensor/datatype.ts';

type Contents = messages.InferTensorContents.$Properties;

const encode = (contents: Contents) => messages.InferTensorContents.encode(contents).finish();
const decode = (datatype: Datatype, shape: number[], contents: Contents) =>
  decodeContents('x', datatype, shape, [encode(contents)]).data;

/** 64-bit integers in the form the generated code takes. */
const longs = (values: readonly bigint[]) =>
  values.map((value) => ({
    low: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
  })) as never;

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

test.each<[Datatype, Contents, unknown]>([
  ['BOOL', { bool_contents: [true, false] }, Uint8Array.of(1, 0)],
  ['INT8', { int_contents: [-128, 127] }, Int8Array.of(-128, 127)],
  ['INT16', { int_contents: [-32768, 32767] }, Int16Array.of(-32768, 32767)],
  ['INT32', { int_contents: [-(2 ** 31), 2 ** 31 - 1] }, Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
  ['INT64', { int64_contents: longs([MIN, MAX]) }, BigInt64Array.of(MIN, MAX)],
  ['UINT8', { uint_contents: [0, 255] }, Uint8Array.of(0, 255)],
  ['UINT16', { uint_contents: [0, 65535] }, Uint16Array.of(0, 65535)],
  ['UINT32', { uint_contents: [0, 2 ** 32 - 1] }, Uint32Array.of(0, 2 ** 32 - 1)],
  ['UINT64', { uint64_contents: longs([0n, 2n ** 64n - 1n]) }, BigUint64Array.of(0n, 2n ** 64n - 1n)],
  ['FP32', { fp32_contents: [Number.NaN, -Infinity] }, Float32Array.of(Number.NaN, -Infinity)],
  ['FP64', { fp64_contents: [Number.NaN, 5e-324] }, Float64Array.of(Number.NaN, 5e-324)],
  ['BYTES', { bytes_contents: [Buffer.from('grüße'), Buffer.of()] }, ['grüße', '']],
])('%s is read from its own field, to the ends of its range', (datatype, contents, expected) => {
  expect(decode(datatype, [2], contents)).toEqual(expected);
});

describe('counts and shapes', () => {
  test('a scalar has one element, an empty tensor none', () => {
    expect(decode('FP32', [], { fp32_contents: [2] })).toEqual(Float32Array.of(2));
    expect(decode('FP32', [4, 0], {})).toEqual(new Float32Array());
    expect(decodeContents('x', 'BYTES', [0], []).data).toEqual([]);
  });

  test('elements that come one by one or in parts are the same tensor', () => {
    const unpacked = Buffer.from('10011002', 'hex');
    const packed = encode({ int_contents: [3] });
    expect(decodeContents('x', 'INT32', [3], [unpacked, packed]).data).toEqual(Int32Array.of(1, 2, 3));
  });

  test.each([
    [[3], /INT32 of shape \[3\] needs 3 elements, contents has 2$/],
    [[1], /INT32 of shape \[1\] needs 1 elements, contents has 2$/],
    [[65536, 30000], /needs 1966080000 elements, contents has at most 4$/],
  ])('a count that does not fit shape %j is refused', (shape, message) => {
    expect(() => decode('INT32', shape, { int_contents: [1, 2] })).toThrow(message);
  });
});

describe('values that do not belong', () => {
  test.each<[Datatype, Contents, RegExp]>([
    ['INT8', { int_contents: [128] }, /element 0 is 128, beyond the range of INT8/],
    ['INT16', { int_contents: [-32769] }, /element 0 is -32769, beyond the range of INT16/],
    ['UINT8', { uint_contents: [256] }, /element 0 is 256, beyond the range of UINT8/],
    ['BYTES', { bytes_contents: [Buffer.of(0xff)] }, /element 0 is not valid UTF-8/],
    ['FP32', { int64_contents: [1] }, /FP32 belongs in fp32_contents, not in int64_contents/],
    ['FP16', { fp32_contents: [1] }, /FP16 must be sent in raw_input_contents/],
    ['BF16', {}, /BF16 must be sent in raw_input_contents/],
  ])('%s %j is refused', (datatype, contents, message) => {
    expect(() => decode(datatype, [1], contents)).toThrow(message);
  });
});

test('whatever a client encodes is read back exactly', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: MIN, max: MAX })), (values) => {
      expect(decode('INT64', [values.length], { int64_contents: longs(values) })).toEqual(
        BigInt64Array.from(values),
      );
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.integer()), (values) => {
      expect(decode('INT32', [values.length], { int_contents: values })).toEqual(Int32Array.from(values));
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (values) => {
      const bytes_contents = values.map((value) => Buffer.from(value));
      expect(decode('BYTES', [values.length], { bytes_contents })).toEqual(values);
    }),
  );
});
