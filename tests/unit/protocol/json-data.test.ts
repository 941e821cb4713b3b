import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/protocol/exact-json.ts';
import { tensorFromJson } from '../../../src/protocol/json-data.ts';
import type { Datatype } from '../../../src/tensor/datatype.ts';

describe('data in JSON', () => {
  it('flat and nested data are the same tensor', () => {
    const nested = tensorFromJson('x', 'INT32', [2, 1, 2], [[[1, 2]], [[3, 4]]]);
    expect(nested.data).toEqual(new Int32Array([1, 2, 3, 4]));
    expect(tensorFromJson('x', 'INT32', [2, 1, 2], [1, 2, 3, 4])).toEqual(nested);
  });

  it('a scalar may stand alone or in an array', () => {
    expect(tensorFromJson('x', 'FP64', [], 2.5).data).toEqual(new Float64Array([2.5]));
    expect(tensorFromJson('x', 'FP64', [], [2.5]).data).toEqual(new Float64Array([2.5]));
  });

  it('an empty tensor needs no data', () => {
    expect(tensorFromJson('x', 'FP32', [0, 3], undefined).data).toHaveLength(0);
    expect(tensorFromJson('x', 'BYTES', [0], []).data).toEqual([]);
    expect(tensorFromJson('x', 'FP32', [2, 0], [[], []]).data).toHaveLength(0);
  });

  it.each<[Datatype, JsonValue, readonly (number | bigint | string)[]]>([
    ['BOOL', [true, false, 1, 0], [1, 0, 1, 0]],
    ['UINT64', [18446744073709551615n, 0], [18446744073709551615n, 0n]],
    [
      'INT64',
      [-1, -4294967297, 4294967296, -9007199254740991],
      [-1n, -4294967297n, 4294967296n, -9007199254740991n],
    ],
    ['INT64', [-9223372036854775808n, 9007199254740992n, 1], [-9223372036854775808n, 9007199254740992n, 1n]],
    ['FP16', [1, -2, 0.333251953125], [0x3c00, 0xc000, 0x3555]],
    ['BF16', [1, -2, 0.333984375], [0x3f80, 0xc000, 0x3eab]],
    ['FP32', [16777217, 9007199254740993n], [16777216, 9007199254740992]],
    ['BYTES', ['', 'ü'], ['', 'ü']],
  ])('%s takes its values', (datatype, data, expected) => {
    const shape = [expected.length];
    expect([...tensorFromJson('x', datatype, shape, data).data]).toEqual(expected);
  });

  it.each<[string, Datatype, readonly number[], JsonValue | undefined, RegExp]>([
    ['too few', 'FP32', [3], [1, 2], /'x' of shape \[3\] needs 3 elements, its data has 2/],
    ['too many', 'FP32', [1], [1, 2], /needs 1 elements, its data has 2/],
    ['no data', 'FP32', [1], undefined, /needs its data as an array/],
    ['a bare number for a vector', 'FP32', [1], 5, /needs its data as an array/],
    [
      'nested the other way round',
      'INT8',
      [2, 3],
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      /3 entries at depth 0, expected 2/,
    ],
    ['nested too deep', 'INT8', [2], [[1], [2]], /element 0 is an array/],
    ['nested not deep enough', 'INT8', [1, 1, 1], [[1]], /not an array at depth 2/],
    ['ragged', 'INT8', [2, 2], [[1, 2], [3]], /1 entries at depth 1, expected 2/],
    ['half nested', 'INT8', [2, 1], [[1], 2], /not an array at depth 1/],
    ['UINT8 256', 'UINT8', [2], [255, 256], /element 1 is 256, UINT8 takes integers from 0 to 255/],
    ['INT16 -32769', 'INT16', [1], [-32769], /from -32768 to 32767/],
    ['UINT32 -1', 'UINT32', [1], [-1], /from 0 to 4294967295/],
    ['INT32 1.5', 'INT32', [1], [1.5], /element 0 is 1.5/],
    ['INT64 2^63', 'INT64', [1], [9223372036854775808n], /element 0 is 9223372036854775808/],
    ['UINT64 -1', 'UINT64', [1], [-1], /element 0 is -1/],
    ['INT64 text', 'INT64', [1], ['1'], /element 0 is the string '1'/],
    ['FP32 text', 'FP32', [1], ['NaN'], /FP32 takes numbers/],
    ['FP32 null', 'FP32', [1], [null], /element 0 is null/],
    ['FP32 1e39', 'FP32', [1], [1e39], /out of range for FP32/],
    ['FP16 70000', 'FP16', [1], [70000], /out of range for FP16/],
    ['BF16 1e39', 'BF16', [1], [1e39], /out of range for BF16/],
    ['BOOL 2', 'BOOL', [1], [2], /BOOL takes true and false/],
    ['BYTES 7', 'BYTES', [1], [7], /BYTES takes strings/],
    ['half of a surrogate pair', 'BYTES', [1], ['\ud83d'], /surrogate/],
  ])('%s is refused', (_, datatype, shape, data, message) => {
    expect(() => tensorFromJson('x', datatype, shape, data)).toThrow(message);
  });
});
