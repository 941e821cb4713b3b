import { allocateData, type NumericData } from './datatype.ts';
import { elementCount } from './shape.ts';
import { isStrings, type Tensor } from './tensor.ts';

/**
 * Copies the rows of a tensor [rows, length, ...] into `target`, where each row has room for `longest` of axis 1; what
 * is left of a row stays as it is in `target`, zero where the memory is new.
 * @param start element of `target` at which the first row begins
 */
export function placePadded(tensor: Tensor, longest: number, target: NumericData, start: number): void {
  const { data, shape } = tensor;
  if (isStrings(data)) throw new TypeError('strings cannot be padded');
  const rows = shape[0] ?? 0;
  const inner = elementCount(shape.slice(2));
  const length = (shape[1] ?? 0) * inner;
  const stride = longest * inner;
  if (length === stride) {
    (target as Float32Array).set(data as Float32Array, start);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const part = data.subarray(row * length, (row + 1) * length);
    (target as Float32Array).set(part as Float32Array, start + row * stride);
  }
}

/** A tensor [rows, length, ...] with zeros behind every row, up to `longest` of axis 1. */
export function padRows(tensor: Tensor, longest: number): Tensor {
  if (tensor.datatype === 'BYTES') throw new TypeError('strings cannot be padded');
  const shape = [tensor.shape[0] ?? 0, longest, ...tensor.shape.slice(2)];
  const data = allocateData(tensor.datatype, elementCount(shape));
  placePadded(tensor, longest, data, 0);
  return { datatype: tensor.datatype, shape, data };
}

/**
 * A tensor [rows, longest, ...] without what lies behind `length` of axis 1: a view where the rows touch, else a copy.
 */
export function cutRows(tensor: Tensor, length: number): Tensor {
  const { data, datatype, shape } = tensor;
  const longest = shape[1] ?? 0;
  if (length === longest) return tensor;
  if (isStrings(data) || datatype === 'BYTES') throw new TypeError('strings cannot be cut');
  const rows = shape[0] ?? 0;
  const inner = elementCount(shape.slice(2));
  const cut = [rows, length, ...shape.slice(2)];
  if (rows === 1) return { datatype, shape: cut, data: data.subarray(0, length * inner) };
  const target = allocateData(datatype, elementCount(cut));
  for (let row = 0; row < rows; row++) {
    const start = row * longest * inner;
    const part = data.subarray(start, start + length * inner);
    (target as Float32Array).set(part as Float32Array, row * length * inner);
  }
  return { datatype, shape: cut, data: target };
}
