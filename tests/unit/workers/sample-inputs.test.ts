import { describe, expect, test } from 'vitest';
import type { Signature } from '../../../src/inference/signature.ts';
import { DATATYPES, type Datatype } from '../../../src/tensor/datatype.ts';
import { elementCount } from '../../../src/tensor/shape.ts';
import { sampleInputs } from '../../../src/workers/sample-inputs.ts';
import { valuesOf } from '../../support/tensors.ts';

const signature: Signature = {
  inputs: [
    ...(Object.keys(DATATYPES) as Datatype[]).map((datatype) => ({
      name: datatype.toLowerCase(),
      datatype,
      dims: ['batch', 'length', 3],
    })),
    { name: 'attention_mask', datatype: 'INT64', dims: ['batch', 'length'] },
    { name: 'scale', datatype: 'FP32', dims: [] },
  ],
  outputs: [],
};

describe('sample inputs', () => {
  test('have the shapes and datatypes of the signature', () => {
    const inputs = sampleInputs(signature, 2, { length: 5 });
    for (const { name, datatype, dims } of signature.inputs) {
      const tensor = inputs.get(name);
      expect(tensor?.datatype).toBe(datatype);
      expect(tensor?.shape).toEqual([2, 5, 3].slice(0, dims.length));
      expect(tensor?.data.length).toBe(elementCount(tensor?.shape ?? []));
    }
  });

  test('are the same for the same seed, and others for another', () => {
    expect(sampleInputs(signature, 2)).toEqual(sampleInputs(signature, 2));
    expect(sampleInputs(signature, 2)).not.toEqual(sampleInputs(signature, 2, { seed: 2 }));
  });

  test('mask nothing, and keep whole numbers small', () => {
    const inputs = sampleInputs(signature, 3, { largestId: 4 });
    expect(new Set(valuesOf(inputs, 'attention_mask'))).toEqual(new Set([1]));
    for (const id of valuesOf(inputs, 'int32')) {
      expect(id).toBeGreaterThanOrEqual(0);
      expect(id).toBeLessThan(4);
    }
  });
});
