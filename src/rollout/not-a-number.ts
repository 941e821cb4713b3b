import type { Tensor, TensorMap } from '../tensor/tensor.ts';

/** The bits of a bfloat16 without its sign; those above infinity's are the NaNs. */
const BF16_MAGNITUDE = 0x7fff;
const BF16_INFINITY = 0x7f80;

/** Whether a float among the outputs is not a number. Infinity is one: models mask with it. */
export function holdsNaN(outputs: TensorMap): boolean {
  for (const tensor of outputs.values()) if (hasNaN(tensor)) return true;
  return false;
}

function hasNaN({ datatype, data }: Tensor): boolean {
  if (data instanceof Float32Array || data instanceof Float64Array) return data.includes(Number.NaN);
  if (!(data instanceof Uint16Array)) return false;
  if (datatype === 'BF16') return data.some((bits) => (bits & BF16_MAGNITUDE) > BF16_INFINITY);
  if (datatype !== 'FP16') return false;
  return new Float16Array(data.buffer, data.byteOffset, data.length).includes(Number.NaN);
}
