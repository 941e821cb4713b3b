import { describe, expect, it } from 'vitest';
import type { Signature } from '../../../src/inference/signature.ts';
import { decodeRawRequest, parseHeaderLength } from '../../../src/protocol/binary-tensors.ts';
import type { Datatype } from '../../../src/tensor/datatype.ts';
import type { Dimension } from '../../../src/tensor/shape.ts';

const taking = (datatype: Datatype, ...dims: Dimension[]): Signature => ({
  inputs: [{ name: 'x', datatype, dims }],
  outputs: [],
});

describe('a raw request', () => {
  it('has batch size 1 where the model is batched', () => {
    const { name, tensor } = decodeRawRequest(new Uint8Array(8), taking('FP32', 'batch', 2), true);
    expect([name, tensor.shape]).toEqual(['x', [1, 2]]);
  });

  it('finds the one variable dimension from its size', () => {
    const { tensor } = decodeRawRequest(new Uint8Array(24), taking('INT16', 'batch', 'length', 3), true);
    expect(tensor.shape).toEqual([1, 4, 3]);
    expect(decodeRawRequest(new Uint8Array(12), taking('FP32', ''), false).tensor.shape).toEqual([3]);
  });

  it('of BYTES is one element, the body itself', () => {
    const { tensor } = decodeRawRequest(Buffer.from('\ufeffgrüße'), taking('BYTES', 'batch', 1), true);
    expect(tensor).toEqual({ datatype: 'BYTES', shape: [1, 1], data: ['\ufeffgrüße'] });
  });

  it.each<[string, Uint8Array, Signature, RegExp]>([
    [
      'two inputs',
      new Uint8Array(4),
      { inputs: [...taking('FP32').inputs, ...taking('FP32').inputs], outputs: [] },
      /one input, this one has 2/,
    ],
    ['two variable dimensions', new Uint8Array(4), taking('FP32', '', ''), /at most one variable dimension/],
    ['a size that does not fit', new Uint8Array(7), taking('FP32', 2), /needs 8 bytes, 7 given/],
    ['no multiple of a row', new Uint8Array(10), taking('FP32', '', 2), /not a multiple of 8/],
    ['several BYTES elements', new Uint8Array(4), taking('BYTES', 2), /one BYTES element/],
    ['BYTES that are not UTF-8', new Uint8Array([255]), taking('BYTES', 1), /not valid UTF-8/],
  ])('is refused with %s', (_, body, signature, message) => {
    expect(() => decodeRawRequest(body, signature, false)).toThrow(message);
  });
});

describe('the header length', () => {
  it('is a plain number', () => {
    expect(parseHeaderLength('0')).toBe(0);
    expect(parseHeaderLength('4096')).toBe(4096);
  });

  it.each(['', '-1', '1.5', '0x10', '1e3', '9'.repeat(16), '1, 1'])('%j is refused', (text) => {
    expect(() => parseHeaderLength(text)).toThrow(/Inference-Header-Content-Length/);
  });
});
