import type { Datatype, TensorData } from './datatype.ts';
import { elementCount, type Shape } from './shape.ts';

/** A value: datatype, shape and row-major data of exactly `elementCount(shape)` elements. Never changed once made. */
export interface Tensor {
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly data: TensorData;
}

/** Tensors by name. A Map, so that no client-chosen name can meet `Object.prototype`. */
export type TensorMap = ReadonlyMap<string, Tensor>;

/** A tensor whose data is known to have the right length; a mismatch is a bug of ours, not of a client. */
export function makeTensor(datatype: Datatype, shape: Shape, data: TensorData): Tensor {
  const expected = elementCount(shape);
  if (data.length !== expected) {
    throw new RangeError(
      `tensor of shape [${shape.join(',')}] needs ${expected} elements, has ${data.length}`,
    );
  }
  return { datatype, shape, data };
}

/** Bytes of the tensor's data in memory; for BYTES the UTF-8 size of its strings. */
export function byteLength(tensor: Tensor): number {
  const { data } = tensor;
  if (!isStrings(data)) return data.byteLength;
  let bytes = 0;
  for (const text of data) bytes += Buffer.byteLength(text);
  return bytes;
}

export const isStrings = (data: TensorData): data is readonly string[] => Array.isArray(data);
