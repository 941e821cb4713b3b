import type { Datatype, NumericData } from '../../src/tensor/datatype.ts';
import { elementCount } from '../../src/tensor/shape.ts';
import { makeTensor, type Tensor, type TensorMap } from '../../src/tensor/tensor.ts';

export const floatTensor = (shape: readonly number[], values: readonly number[] | number): Tensor =>
  makeTensor(
    'FP32',
    shape,
    typeof values === 'number'
      ? new Float32Array(elementCount(shape)).fill(values)
      : Float32Array.from(values),
  );

export const integerTensor = (shape: readonly number[], values: readonly number[]): Tensor =>
  makeTensor('INT64', shape, BigInt64Array.from(values, BigInt));

export const tensors = (entries: Readonly<Record<string, Tensor>>): TensorMap =>
  new Map(Object.entries(entries));

export const numericTensor = (datatype: Datatype, shape: readonly number[], data: NumericData): Tensor =>
  makeTensor(datatype, shape, data);

/** The values of an output as numbers; fails where it is not there. */
export function valuesOf(outputs: TensorMap, name: string): number[] {
  const tensor = outputs.get(name);
  if (tensor === undefined) throw new Error(`there is no output '${name}'`);
  return Array.from(tensor.data, Number);
}
