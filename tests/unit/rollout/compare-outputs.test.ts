import { describe, expect, it } from 'vitest';
import { compareOutputs } from '../../../src/rollout/compare-outputs.ts';
import { makeTensor, type Tensor } from '../../../src/tensor/tensor.ts';

const floats = (shape: number[], ...values: number[]): Tensor =>
  makeTensor('FP32', shape, Float32Array.from(values));
const one = (tensor: Tensor) => new Map([['y', tensor]]);
const compare = (live: Tensor, other: Tensor, rows = live.shape[0] ?? 1) =>
  compareOutputs(one(live), one(other), rows, live.shape[0] ?? 1);

describe('two answers', () => {
  it('agree in the rows whose largest values are at the same place', () => {
    const live = floats([2, 3], 1, 5, 2, 9, 0, 1);
    expect(compare(live, floats([2, 3], 0, 4.5, 2, 1, 2, 0))).toEqual({
      rows: 2,
      agreed: 1,
      largestDifference: 8,
    });
  });

  it('agree in parts of a row where it has several positions', () => {
    const live = floats([1, 2, 2], 1, 0, 1, 0);
    expect(compare(live, floats([1, 2, 2], 1, 0, 0, 1)).agreed).toBe(0.5);
  });

  it('of integers, booleans and strings agree where they are equal', () => {
    const ids = (...values: bigint[]) => makeTensor('INT64', [values.length], BigInt64Array.from(values));
    expect(compare(ids(1n, 2n, 3n), ids(1n, 7n, 3n))).toEqual({ rows: 3, agreed: 2, largestDifference: 0 });
    const texts = (...values: string[]) => makeTensor('BYTES', [values.length], values);
    expect(compare(texts('a', 'b'), texts('a', 'c')).agreed).toBe(1);
  });

  it('of one float a row have no classes, only a difference', () => {
    expect(compare(floats([2], 1, 2), floats([2], 1, 2.5))).toEqual({
      rows: 2,
      agreed: undefined,
      largestDifference: 0.5,
    });
    expect(compare(floats([2, 1], 1, 2), floats([2, 1], 4, 2)).agreed).toBeUndefined();
  });

  it('of several outputs count every output alike', () => {
    const live = new Map([
      ['logits', floats([1, 2], 1, 0)],
      ['label', makeTensor('INT64', [1], BigInt64Array.of(0n))],
    ]);
    const other = new Map([
      ['logits', floats([1, 2], 3, 0)],
      ['label', makeTensor('INT64', [1], BigInt64Array.of(1n))],
    ]);
    expect(compareOutputs(live, other, 1, 1)).toEqual({ rows: 1, agreed: 0.5, largestDifference: 2 });
  });

  it('of which one has more outputs are compared in those of both', () => {
    const live = new Map([
      ['scores', floats([2, 2], 1, 0, 1, 0)],
      ['embedding', makeTensor('FP32', [2, 65_536], new Float32Array(2 * 65_536))],
    ]);
    const other = new Map([
      ['scores', floats([2, 2], 3, 0, 0, 1)],
      ['label', makeTensor('INT64', [2], BigInt64Array.of(1n, 1n))],
    ]);
    expect(compareOutputs(live, other, 2, 2)).toEqual({ rows: 2, agreed: 1, largestDifference: 2 });
  });

  it('that are not numbers disagree with numbers, and differ by infinity', () => {
    const live = floats([1, 2], 0, 1);
    expect(compare(live, floats([1, 2], Number.NaN, Number.NaN))).toEqual({
      rows: 1,
      agreed: 0,
      largestDifference: Infinity,
    });
    const masked = floats([1, 2], -Infinity, 1);
    expect(compare(masked, masked)).toEqual({ rows: 1, agreed: 1, largestDifference: 0 });
    expect(compare(live, floats([1, 2], Number.NaN, 1)).agreed).toBe(1);
  });

  it('of half precision are compared as numbers', () => {
    const half = (...values: number[]) =>
      makeTensor('FP16', [1, values.length], new Uint16Array(Float16Array.from(values).buffer));
    expect(compare(half(-1, 2), half(-1, 1.5))).toEqual({ rows: 1, agreed: 1, largestDifference: 0.5 });
  });

  it('of other shapes or types agree nowhere', () => {
    const live = floats([1, 2], 0, 1);
    expect(compare(live, floats([1, 3], 0, 1, 0)).agreed).toBe(0);
    expect(compare(live, makeTensor('FP64', [1, 2], Float64Array.of(0, 1))).agreed).toBe(0);
    expect(compare(floats([1, 2, 3], 1, 2, 3, 4, 5, 6), floats([1, 3, 2], 1, 2, 3, 4, 5, 6)).agreed).toBe(0);
  });

  it('are compared in the first rows where the second run had fewer', () => {
    const live = floats([3, 2], 0, 1, 0, 1, 0, 1);
    expect(compare(live, floats([2, 2], 0, 1, 1, 0), 2)).toEqual({
      rows: 2,
      agreed: 1,
      largestDifference: 1,
    });
  });

  it('without a row have nothing to compare', () => {
    const nothing = { rows: 0, agreed: undefined, largestDifference: 0 };
    expect(compare(floats([0, 2]), floats([0, 2]))).toEqual(nothing);
    expect(compare(floats([1, 2], 0, 1), floats([0, 2]), 0)).toEqual(nothing);
  });

  it('that are huge are compared in part', () => {
    const rows = 40;
    const live = makeTensor('FP32', [rows, 10_000], new Float32Array(rows * 10_000));
    expect(compare(live, live)).toEqual({ rows: 6, agreed: 6, largestDifference: 0 });
    const wide = makeTensor('FP32', [1, 100, 1000], new Float32Array(100_000));
    expect(compare(wide, wide)).toEqual({ rows: 1, agreed: 1, largestDifference: 0 });
  });
});
