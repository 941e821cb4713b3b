import { describe, expect, it } from 'vitest';
import { cutRows, padRows } from '../../../src/tensor/padding.ts';
import { makeTensor } from '../../../src/tensor/tensor.ts';

const matrix = makeTensor('INT64', [2, 3], BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n));
const cube = makeTensor('FP32', [2, 2, 2], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));

describe('padding', () => {
  it('puts zeros behind every row', () => {
    expect(padRows(matrix, 5)).toEqual({
      datatype: 'INT64',
      shape: [2, 5],
      data: BigInt64Array.of(1n, 2n, 3n, 0n, 0n, 4n, 5n, 6n, 0n, 0n),
    });
  });

  it('keeps what lies inside the padded axis together', () => {
    expect(padRows(cube, 3).data).toEqual(Float32Array.of(1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 0));
  });

  it.each([matrix, cube])('is undone by cutting', (tensor) => {
    expect(cutRows(padRows(tensor, 7), tensor.shape[1] ?? 0)).toEqual(tensor);
  });

  it('cuts a single row without a copy', () => {
    const row = makeTensor('FP32', [1, 4], Float32Array.of(1, 2, 3, 4));
    const cut = cutRows(row, 2);
    expect(cut.shape).toEqual([1, 2]);
    expect((cut.data as Float32Array).buffer).toBe((row.data as Float32Array).buffer);
  });

  it('refuses strings', () => {
    expect(() => padRows(makeTensor('BYTES', [1, 1], ['a']), 2)).toThrow(TypeError);
  });
});
