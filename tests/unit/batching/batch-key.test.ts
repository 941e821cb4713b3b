import { describe, expect, test } from 'vitest';
import { batchShape } from '../../../src/batching/batch-key.ts';
import type { Signature } from '../../../src/inference/signature.ts';
import { allocateData, type Datatype } from '../../../src/tensor/datatype.ts';
import { elementCount, type Shape } from '../../../src/tensor/shape.ts';
import { makeTensor, type Tensor, type TensorMap } from '../../../src/tensor/tensor.ts';

const SIGNATURE: Signature = {
  inputs: [
    { name: 'a', datatype: 'FP32', dims: ['batch', ''] },
    { name: 'b', datatype: 'INT64', dims: ['batch'] },
  ],
  outputs: [],
};

const tensor = (datatype: Exclude<Datatype, 'BYTES'>, shape: Shape): Tensor =>
  makeTensor(datatype, shape, allocateData(datatype, elementCount(shape)));

const inputs = (a: Shape, b: Shape, type: 'FP32' | 'FP64' = 'FP32'): TensorMap =>
  new Map([
    ['a', tensor(type, a)],
    ['b', tensor('INT64', b)],
  ]);

const keyOf = (tensors: TensorMap, outputs?: readonly string[]) =>
  batchShape(tensors, outputs, SIGNATURE, 8).key;

describe('the batch key', () => {
  test('is the same for any number of rows', () => {
    expect(batchShape(inputs([3, 5], [3]), undefined, SIGNATURE, 8)).toEqual({
      rows: 3,
      length: 1,
      key: keyOf(inputs([1, 5], [1])),
    });
  });

  test('differs with the inner shape, the datatype and the requested outputs', () => {
    const keys = [
      keyOf(inputs([1, 5], [1])),
      keyOf(inputs([1, 6], [1])),
      keyOf(inputs([1, 5, 1], [1])),
      keyOf(inputs([1, 5], [1], 'FP64')),
      keyOf(inputs([1, 5], [1]), ['x']),
      keyOf(inputs([1, 5], [1]), ['x', 'y']),
      keyOf(inputs([1, 5], [1]), ['x","y']),
      keyOf(inputs([1, 5], [1]), []),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).not.toContain(undefined);
  });

  test('does not depend on the order in which inputs and outputs are named', () => {
    const turned = new Map([...inputs([1, 5], [1])].toReversed());
    expect(keyOf(turned, ['y', 'x'])).toBe(keyOf(inputs([1, 5], [1]), ['x', 'y']));
  });

  test.each([
    ['an input is missing', new Map([...inputs([1, 5], [1])].slice(1))],
    ['an input is unknown', new Map([...inputs([1, 5], [1]), ['c', tensor('FP32', [1])]])],
    ['the inputs differ in rows', inputs([2, 5], [3])],
    ['an input is a scalar', inputs([1, 5], [])],
    ['there are no rows', inputs([0, 5], [0])],
  ])('is none when %s', (_, tensors) => {
    expect(keyOf(tensors)).toBeUndefined();
  });

  test('is none for a model without a batch axis', () => {
    expect(batchShape(inputs([2, 5], [2]), undefined, SIGNATURE, 0)).toEqual({
      rows: 1,
      length: 1,
      key: undefined,
    });
  });

  test('is none for a model without inputs', () => {
    expect(batchShape(new Map(), undefined, { inputs: [], outputs: [] }, 8).key).toBeUndefined();
  });
});
