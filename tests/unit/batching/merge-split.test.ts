import { describe, expect, test, vi } from 'vitest';
import { joinOutputs, mergeInputs, sliceRows, splitOutputs } from '../../../src/batching/merge-split.ts';
import { InferenceError } from '../../../src/errors.ts';
import type { NumericData } from '../../../src/tensor/datatype.ts';
import { makeTensor, type Tensor, type TensorMap } from '../../../src/tensor/tensor.ts';

const named = (tensors: Record<string, Tensor>): TensorMap => new Map(Object.entries(tensors));
const floats = (shape: number[], ...values: number[]) => makeTensor('FP32', shape, Float32Array.from(values));
const bytes = (shape: number[], ...values: number[]) => makeTensor('UINT8', shape, Uint8Array.from(values));
const texts = (shape: number[], ...values: string[]) => makeTensor('BYTES', shape, values);
const shared = (byteLength: number) => new SharedArrayBuffer(byteLength);
const bufferOf = (tensors: TensorMap, name: string) =>
  (tensors.get(name)?.data as NumericData | undefined)?.buffer;

describe('mergeInputs', () => {
  test('writes the rows of all parts into one allocation, each input aligned', () => {
    const allocate = vi.fn(shared);
    const part = (values: number[]) =>
      named({
        small: bytes([values.length, 1], ...values),
        big: makeTensor('INT64', [values.length], BigInt64Array.from(values, BigInt)),
        wide: floats([values.length, 2], ...values.flatMap((value) => [value, -value])),
      });
    const merged = mergeInputs([part([1]), part([2, 3]), part([4])], 4, allocate);
    expect(allocate.mock.calls).toEqual([[192]]);
    expect(merged).toEqual(part([1, 2, 3, 4]));
    expect(new Set(['small', 'big', 'wide'].map((name) => bufferOf(merged, name))).size).toBe(1);
    expect(bufferOf(merged, 'big')).toBeInstanceOf(SharedArrayBuffer);
  });

  test('passes a single part on as it is, without an allocation', () => {
    const allocate = vi.fn(shared);
    const inputs = named({ x: floats([2, 1], 1, 2) });
    expect(mergeInputs([inputs], 2, allocate)).toBe(inputs);
    expect(allocate).not.toHaveBeenCalled();
  });

  test('concatenates strings beside numbers', () => {
    const part = (text: string, value: number) =>
      named({ t: texts([1, 2], text, `${text}!`), x: floats([1], value) });
    expect(mergeInputs([part('a', 1), part('ü', 2)], 2, shared)).toEqual(
      named({ t: texts([2, 2], 'a', 'a!', 'ü', 'ü!'), x: floats([2], 1, 2) }),
    );
  });

  test('needs no memory of the runner where all inputs are strings or empty', () => {
    const allocate = vi.fn(shared);
    expect(mergeInputs([named({ t: texts([1], 'a') }), named({ t: texts([1], 'b') })], 2, allocate)).toEqual(
      named({ t: texts([2], 'a', 'b') }),
    );
    const hollow = () => named({ x: floats([1, 0]) });
    expect(mergeInputs([hollow(), hollow()], 2, allocate)).toEqual(named({ x: floats([2, 0]) }));
    expect(allocate).not.toHaveBeenCalled();
  });

  test('throws rather than write outside an input when a part is larger than its shape says', () => {
    const lying: Tensor = { datatype: 'FP32', shape: [1], data: new Float32Array(3) };
    expect(() => mergeInputs([named({ x: floats([1], 1) }), named({ x: lying })], 2, shared)).toThrow(
      RangeError,
    );
  });
});

describe('splitOutputs', () => {
  test('gives each part its rows as views', () => {
    const y = floats([4, 2], 1, 2, 3, 4, 5, 6, 7, 8);
    const label = texts([4], 'a', 'b', 'c', 'd');
    const parts = splitOutputs(named({ y, label }), [1, 2, 1], 4);
    expect(parts).toEqual([
      named({ y: floats([1, 2], 1, 2), label: texts([1], 'a') }),
      named({ y: floats([2, 2], 3, 4, 5, 6), label: texts([2], 'b', 'c') }),
      named({ y: floats([1, 2], 7, 8), label: texts([1], 'd') }),
    ]);
    for (const part of parts) expect(bufferOf(part, 'y')).toBe((y.data as NumericData).buffer);
  });

  test.each([
    ['a scalar', floats([], 1)],
    ['fewer rows', floats([3], 1, 2, 3)],
    ['more rows', floats([8, 1], 1, 2, 3, 4, 5, 6, 7, 8)],
  ])('refuses an output with %s', (_, y) => {
    const split = () => splitOutputs(named({ y }), [2, 2], 4);
    expect(split).toThrow(InferenceError);
    expect(split).toThrow(/output 'y' .* dimension 0 is not a batch axis/);
  });

  test('cuts outputs whose rows are empty', () => {
    const parts = splitOutputs(named({ y: floats([2, 0]) }), [1, 1], 2);
    expect(parts).toEqual([named({ y: floats([1, 0]) }), named({ y: floats([1, 0]) })]);
  });
});

describe('pieces of one request', () => {
  test('sliceRows and joinOutputs are each other undone', () => {
    const whole = named({ y: floats([3, 2], 1, 2, 3, 4, 5, 6), t: texts([3, 1], 'a', 'b', 'c') });
    const pieces = [sliceRows(whole, 0, 2), sliceRows(whole, 2, 3)];
    expect(joinOutputs(pieces, [2, 1])).toEqual(whole);
  });

  test.each([
    ['differ in their inner shape', floats([1, 3], 1, 2, 3)],
    ['have no batch axis', floats([2], 1, 2)],
    ['differ in datatype', makeTensor('FP64', [1, 2], new Float64Array(2))],
  ])('are not joined when their outputs %s', (_, second) => {
    const parts = [named({ y: floats([2, 2], 1, 2, 3, 4) }), named({ y: second })];
    expect(() => joinOutputs(parts, [2, 1])).toThrow(InferenceError);
  });
});
