import type { Signature } from '../inference/signature.ts';
import type { NumericData } from '../tensor/datatype.ts';
import { isStrings, makeTensor, type Tensor, type TensorMap } from '../tensor/tensor.ts';

/** The values of IEEE half-precision bits. */
export const halfValues = (bits: NumericData): Float16Array =>
  new Float16Array(bits.buffer, bits.byteOffset, bits.length);

/** The values of bfloat16 bits: the upper half of a float32. Exact. */
export function bfloatValues(bits: NumericData): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index++) words[index] = Number(bits[index]) << 16;
  return new Float32Array(words.buffer);
}

const FLOAT = new Float32Array(1);
const WORD = new Uint32Array(FLOAT.buffer);

/** The bfloat16 bits nearest to a number, ties to even; beyond its range infinity, and NaN stays NaN. */
export function bfloatBits(value: number): number {
  FLOAT[0] = value;
  const word = WORD[0] ?? 0;
  if (Number.isNaN(value)) return (word >>> 16) | 0x40;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/**
 * Inputs as the model takes them: FP16 or BF16 at the wire become FP32 where the signature says so, which loses
 * nothing. Everything else is left as it is, for validation to judge. The same map when there is nothing to convert.
 */
export function convertForModel(inputs: TensorMap, signature: Signature): TensorMap {
  let converted: Map<string, Tensor> | undefined;
  for (const { name, datatype } of signature.inputs) {
    const tensor = inputs.get(name);
    if (datatype !== 'FP32' || tensor === undefined || isStrings(tensor.data)) continue;
    if (tensor.datatype !== 'FP16' && tensor.datatype !== 'BF16') continue;
    converted ??= new Map(inputs);
    converted.set(name, makeTensor('FP32', tensor.shape, widen(tensor.datatype, tensor.data)));
  }
  return converted ?? inputs;
}

const widen = (datatype: 'FP16' | 'BF16', bits: NumericData): Float32Array =>
  datatype === 'FP16' ? new Float32Array(halfValues(bits)) : bfloatValues(bits);
