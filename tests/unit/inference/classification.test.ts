import { expect, test, vi } from 'vitest';
import { classify } from '../../../src/inference/classification.ts';
import { makeTensor } from '../../../src/tensor/tensor.ts';

const texts = (tensor: ReturnType<typeof makeTensor>, count: number, labels?: string[]) =>
  classify(tensor, count, labels).data;

test('the best classes of each row, with their labels', () => {
  const rows = makeTensor('FP32', [2, 3], Float32Array.of(1, 3, 2, 0.5, -1, 0.25));
  expect(texts(rows, 2, ['a', 'b'])).toEqual(['3:1:b', '2:2', '0.5:0:a', '0.25:2']);
});

test('a row is all that dimension 0 has one of, whatever its shape', () => {
  const images = makeTensor('FP32', [2, 3, 1, 1], Float32Array.of(1, 3, 2, 0.5, -1, 0.25));
  const classified = classify(images, 2, ['a', 'b', 'c']);
  expect(classified).toEqual(makeTensor('BYTES', [2, 2], ['3:1:b', '2:2:c', '0.5:0:a', '0.25:2:c']));
  expect(classify(makeTensor('FP32', [3], Float32Array.of(1, 3, 2)), 1, undefined).shape).toEqual([1]);
  expect(classify(makeTensor('FP32', [4, 0], new Float32Array(0)), 2, undefined).shape).toEqual([4, 0]);
});

test('64-bit integers keep all their digits', () => {
  const signed = makeTensor('INT64', [2], BigInt64Array.of(2n ** 53n, 2n ** 53n + 1n));
  expect(texts(signed, 2)).toEqual(['9007199254740993:1', '9007199254740992:0']);
  const unsigned = makeTensor('UINT64', [2], BigUint64Array.of(0n, 2n ** 64n - 1n));
  expect(texts(unsigned, 1)).toEqual(['18446744073709551615:1']);
});

test('a few classes are the first of all of them in order', () => {
  const values = Float32Array.from({ length: 500 }, (_, index) => (index * 7919) % 101);
  const row = makeTensor('FP32', [500], values);
  const all = texts(row, 500);
  const order = Array.from(values.keys()).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  expect(all).toEqual(order.map((index) => `${values[index]}:${index}`));
  for (const count of [1, 5, 64, 65]) expect(texts(row, count)).toEqual(all.slice(0, count));
});

test('a few classes of very many are found without sorting them', () => {
  const values = Float32Array.from({ length: 2_000_000 }, (_, index) => (index * 7919) % 1_000_003);
  const rows = makeTensor('FP32', [1, values.length], values);
  using sort = vi.spyOn(Array.prototype, 'sort');
  expect(texts(rows, 1)).toEqual([`1000002:${values.indexOf(1_000_002)}`]);
  expect(sort).not.toHaveBeenCalled();
});

test('what is no number comes last', () => {
  const values = makeTensor('FP32', [5], Float32Array.of(1, Number.NaN, 3, Number.NaN, -Infinity));
  expect(texts(values, 5)).toEqual(['3:2', '1:0', '-Infinity:4', 'NaN:1', 'NaN:3']);
});
