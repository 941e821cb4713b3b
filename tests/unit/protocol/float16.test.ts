import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Signature } from '../../../src/inference/signature.ts';
import { bfloatBits, bfloatValues, convertForModel, halfValues } from '../../../src/protocol/float16.ts';
import { makeTensor } from '../../../src/tensor/tensor.ts';

const SIGNATURE: Signature = {
  inputs: [
    { name: 'a', datatype: 'FP32', dims: [''] },
    { name: 'b', datatype: 'FP16', dims: [''] },
  ],
  outputs: [],
};

const BITS = new Uint16Array([0x3c00, 0xc000]);

describe('half precision', () => {
  it('every bfloat16 is its own nearest', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = bfloatValues(new Uint16Array([bits]))[0] ?? 0;
      if (Number.isNaN(value)) expect(bfloatValues(new Uint16Array([bfloatBits(value)]))[0]).toBeNaN();
      else if (bfloatBits(value) !== bits) expect.fail(`bits ${bits} became ${bfloatBits(value)}`);
    }
  });

  it('rounding to bfloat16 is to the nearest, ties to even', () => {
    expect(bfloatBits(1 + 2 ** -8)).toBe(0x3f80);
    expect(bfloatBits(1 + 3 * 2 ** -8)).toBe(0x3f82);
    expect(bfloatBits(Number.POSITIVE_INFINITY)).toBe(0x7f80);
    fc.assert(
      fc.property(
        fc.float({ noNaN: true, min: -(2 ** 100), max: 2 ** 100, noDefaultInfinity: true }),
        (value) => {
          const rounded = bfloatValues(new Uint16Array([bfloatBits(value)]))[0] ?? 0;
          expect(Math.abs(rounded - value)).toBeLessThanOrEqual(
            Math.max(Math.abs(value) * 2 ** -8, 2 ** -134),
          );
        },
      ),
    );
  });

  it('half-precision bits are read as their values', () => {
    expect([...halfValues(BITS)]).toEqual([1, -2]);
  });

  it.each([
    ['FP16', new Uint16Array([0x3c00, 0xc000])],
    ['BF16', new Uint16Array([0x3f80, 0xc000])],
  ] as const)('%s becomes FP32 where the model takes that', (datatype, bits) => {
    const converted = convertForModel(new Map([['a', makeTensor(datatype, [2], bits)]]), SIGNATURE);
    expect(converted.get('a')).toEqual(makeTensor('FP32', [2], new Float32Array([1, -2])));
  });

  it('everything else is left as it is', () => {
    const inputs = new Map([
      ['a', makeTensor('INT32', [1], new Int32Array(1))],
      ['b', makeTensor('FP16', [2], BITS)],
      ['c', makeTensor('BF16', [2], BITS)],
    ]);
    expect(convertForModel(inputs, SIGNATURE)).toBe(inputs);
  });
});
