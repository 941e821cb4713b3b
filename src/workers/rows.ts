import type { Signature } from '../inference/signature.ts';
import type { TensorMap } from '../tensor/tensor.ts';

/** Rows of a run: dimension 0 of the first input where its size varies, else 1. */
export function rowsOf(inputs: TensorMap, { inputs: specs }: Signature): number {
  const [first] = specs;
  if (first === undefined || typeof first.dims[0] !== 'string') return 1;
  return inputs.get(first.name)?.shape[0] ?? 1;
}
