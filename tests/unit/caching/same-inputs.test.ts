import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentKey } from '../../../src/caching/content-key.ts';
import { sameInputs, sampleOf } from '../../../src/caching/same-inputs.ts';
import type { Signature } from '../../../src/inference/signature.ts';
import { makeTensor, type Tensor, type TensorMap } from '../../../src/tensor/tensor.ts';

const SIGNATURE: Signature = {
  inputs: [
    { name: 'a', datatype: 'UINT8', dims: ['n'] },
    { name: 'b', datatype: 'BYTES', dims: ['n'] },
  ],
  outputs: [
    { name: 'y', datatype: 'FP32', dims: ['n'] },
    { name: 'z', datatype: 'FP32', dims: ['n'] },
  ],
};

const texts = (...values: string[]): Tensor => makeTensor('BYTES', [values.length], values);

/** The bytes start at `offset` of their memory. */
function bytes(values: readonly number[], offset = 0, shape = [values.length]): Tensor {
  const data = new Uint8Array(new ArrayBuffer(values.length + offset), offset);
  data.set(values);
  return makeTensor('UINT8', shape, data);
}

const inputs = (a: Tensor, b: Tensor): TensorMap =>
  new Map([
    ['a', a],
    ['b', b],
  ]);

const DIFFERENT: [string, TensorMap][] = [
  ['one byte', inputs(bytes([1, 2, 3, 5]), texts('p', 'q'))],
  ['another shape', inputs(bytes([1, 2, 3, 4], 0, [2, 2]), texts('p', 'q'))],
  ['texts that join to the same', inputs(bytes([1, 2, 3, 4]), texts('pq', ''))],
  ['another half of a surrogate pair', inputs(bytes([1, 2, 3, 4]), texts('\ud800', 'q'))],
];

test.each(DIFFERENT)('inputs that differ in %s are not the same', (_, other) => {
  const one = inputs(bytes([1, 2, 3, 4]), texts('p', 'q'));
  expect(sameInputs(one, other, SIGNATURE)).toBe(false);
  expect(contentKey(one, undefined, SIGNATURE)).not.toBe(contentKey(other, undefined, SIGNATURE));
});

test('the order of the inputs and where their bytes lie make no difference', () => {
  const one = inputs(bytes([1, 2, 3, 4, 5]), texts('p', '\udfff'));
  const other = new Map([...inputs(bytes([1, 2, 3, 4, 5], 4), texts('p', '\udfff'))].reverse());
  expect(sameInputs(one, other, SIGNATURE)).toBe(true);
  expect(sampleOf(one, SIGNATURE)).toBe(sampleOf(other, SIGNATURE));
  expect(contentKey(one, undefined, SIGNATURE)).toBe(contentKey(other, undefined, SIGNATURE));
});

test('two texts that are not UTF-8 are told apart', () => {
  const key = (text: string) => contentKey(inputs(bytes([1]), texts(text)), undefined, SIGNATURE);
  expect(key('\ud800')).not.toBe(key('\ud801'));
});

test('the outputs that are asked for are part of the key, all of them being as good as none named', () => {
  const one = inputs(bytes([1]), texts('p'));
  const key = (...outputs: string[]) => contentKey(one, outputs, SIGNATURE);
  expect(key('z', 'y')).toBe(contentKey(one, undefined, SIGNATURE));
  expect(new Set([key('y'), key('z'), key('y', 'z')]).size).toBe(3);
});

test('whatever the inputs, three ways of comparing them agree', () => {
  const tensors = fc.record({
    a: fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 40 }),
    b: fc.array(fc.constantFrom('', 'p', 'pq', 'q'), { maxLength: 3 }),
    offset: fc.constantFrom(0, 4, 8),
  });
  const made = ({ a, b, offset }: { a: number[]; b: string[]; offset: number }) =>
    inputs(bytes(a, offset), texts(...b));
  fc.assert(
    fc.property(tensors, tensors, (left, right) => {
      const same = JSON.stringify([left.a, left.b]) === JSON.stringify([right.a, right.b]);
      const [one, other] = [made(left), made(right)];
      expect(sameInputs(one, other, SIGNATURE)).toBe(same);
      expect(contentKey(one, undefined, SIGNATURE) === contentKey(other, undefined, SIGNATURE)).toBe(same);
      if (same) expect(sampleOf(one, SIGNATURE)).toBe(sampleOf(other, SIGNATURE));
    }),
    { seed: 3, numRuns: 300 },
  );
});
