import { describe, expect, it } from 'vitest';
import type { Signature, TensorSpec } from '../../../src/inference/signature.ts';
import { comparable, misfit } from '../../../src/rollout/signature-fit.ts';
import type { Dimension } from '../../../src/tensor/shape.ts';

const spec = (name: string, ...dims: Dimension[]): TensorSpec => ({ name, datatype: 'FP32', dims });
const signature = (input: Dimension[], output: Dimension[] = ['batch', 4]): Signature => ({
  inputs: [spec('x', ...input)],
  outputs: [spec('y', ...output)],
});

describe('a target fits', () => {
  it.each<[string, Signature, Signature]>([
    ['the same sizes', signature(['batch', 16]), signature(['batch', 16])],
    ['sizes of other names', signature(['n', 16], ['n', 4]), signature(['', 16])],
    ['an input that varies where the baseline is fixed', signature(['batch', '']), signature(['batch', 16])],
    ['an output of unknown size', signature(['batch', 16], ['', '']), signature(['batch', 16])],
    [
      'an output that is fixed where the baseline varies',
      signature(['b', 16]),
      signature(['b', 16], ['b', '']),
    ],
  ])('with %s', (_, own, base) => {
    expect(misfit(own, base)).toBeUndefined();
  });
});

describe('a target does not fit', () => {
  const base = signature(['batch', 16]);
  it.each<[string, Signature, string]>([
    ['fewer rows', signature([4, 16]), "input 'x' is FP32 [4,16], the baseline's FP32 [batch,16]"],
    [
      'another fixed size',
      signature(['batch', 8]),
      "input 'x' is FP32 [batch,8], the baseline's FP32 [batch,16]",
    ],
    [
      'another rank',
      signature(['batch', 16, 1]),
      "input 'x' is FP32 [batch,16,1], the baseline's FP32 [batch,16]",
    ],
    [
      'another fixed size of an output',
      signature(['batch', 16], ['batch', 7]),
      "output 'y' is FP32 [batch,7], the baseline's FP32 [batch,4]",
    ],
    ['an input less', { ...base, inputs: [] }, "input 'x' is missing"],
    ['an output less', { ...base, outputs: [] }, "output 'y' is missing"],
    [
      'an input more',
      { ...base, inputs: [...base.inputs, spec('z')] },
      "input 'z' is none of the baseline's",
    ],
    [
      'another datatype',
      { ...base, inputs: [{ ...spec('x', 'batch', 16), datatype: 'FP64' }] },
      "input 'x' is FP64 [batch,16], the baseline's FP32 [batch,16]",
    ],
  ])('with %s', (_, own, difference) => {
    expect(misfit(own, base)).toBe(difference);
  });
});

it('a target that takes or gives more than the baseline is compared with it all the same', () => {
  const [wide, base] = [signature(['batch', '']), signature(['batch', 16])];
  expect(comparable(base, wide)).toBe(true);
  expect(comparable({ ...base, outputs: [] }, wide)).toBe(false);
  const more = { ...base, outputs: [...base.outputs, spec('z', 'batch', 8)] };
  expect(comparable(base, more)).toBe(true);
  expect(comparable(more, base)).toBe(true);
  expect(comparable(more, { ...base, outputs: [spec('z', 'batch')] })).toBe(false);
  expect(comparable(base, { ...base, outputs: [spec('z', 'batch', 8)] })).toBe(false);
});
