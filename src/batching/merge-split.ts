import { InferenceError } from '../errors.ts';
import { allocateData, DATATYPES, type NumericData, viewData } from '../tensor/datatype.ts';
import { elementCount, formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import { isStrings, makeTensor, type Tensor, type TensorMap } from '../tensor/tensor.ts';

/** Every input starts at a multiple of this, bytes: a cache line, and more than any element needs. */
const ALIGNMENT = 64;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

const withRows = (rows: number, shape: Shape): Shape => [rows, ...shape.slice(1)];

/**
 * The rows of several runs one after the other, along dimension 0. Numbers are written straight into one block of
 * memory from `allocate`; a single run is passed on as it is. All must have the inputs, datatypes and inner shapes of
 * the first.
 */
export function mergeInputs(
  parts: readonly TensorMap[],
  rows: number,
  allocate: (byteLength: number) => ArrayBufferLike,
): TensorMap {
  const [first] = parts;
  if (first === undefined) throw new RangeError('there is nothing to merge');
  if (parts.length === 1) return first;
  let bytes = 0;
  for (const { datatype, shape } of first.values()) {
    bytes += aligned(elementCount(withRows(rows, shape)) * DATATYPES[datatype].size);
  }
  const buffer = bytes === 0 ? undefined : allocate(bytes);
  const merged = new Map<string, Tensor>();
  let offset = 0;
  for (const [name, { datatype, shape }] of first) {
    const whole = withRows(rows, shape);
    const elements = elementCount(whole);
    if (datatype === 'BYTES' || buffer === undefined) {
      merged.set(name, makeTensor(datatype, whole, concatenate(datatype, elements, name, parts)));
      continue;
    }
    const data = viewData(datatype, buffer, offset, elements);
    copyRows(data, name, parts);
    merged.set(name, { datatype, shape: whole, data });
    offset += aligned(data.byteLength);
  }
  return merged;
}

/**
 * The outputs of a batch, cut back into those of its parts (`rows` each, in order): views, not copies. Throws
 * `internal` where an output does not have a row for each row of the inputs.
 */
export function splitOutputs(outputs: TensorMap, rows: readonly number[], total: number): TensorMap[] {
  const split = rows.map(() => new Map<string, Tensor>());
  for (const [name, tensor] of outputs) {
    checkRows(name, tensor, total);
    let start = 0;
    for (const [index, count] of rows.entries()) {
      split[index]?.set(name, rowsOf(tensor, start, start + count));
      start += count;
    }
  }
  return split;
}

/** Rows `start` to `end` of every tensor, as views. */
export function sliceRows(tensors: TensorMap, start: number, end: number): TensorMap {
  const slices = new Map<string, Tensor>();
  for (const [name, tensor] of tensors) slices.set(name, rowsOf(tensor, start, end));
  return slices;
}

/**
 * The outputs of the pieces of one request (`rows` each) as one. Throws `internal` where they do not fit together:
 * an output without a row for each row of its piece, or whose inner shape differs from piece to piece.
 */
export function joinOutputs(parts: readonly TensorMap[], rows: readonly number[]): TensorMap {
  const joined = new Map<string, Tensor>();
  const total = rows.reduce((sum, count) => sum + count, 0);
  for (const [name, { datatype, shape }] of parts[0] ?? []) {
    for (const [index, part] of parts.entries()) {
      const tensor = part.get(name);
      const expected = withRows(rows[index] ?? 0, shape);
      if (tensor === undefined || tensor.datatype !== datatype || !sameShape(tensor.shape, expected)) {
        throw misshapen(name, tensor?.shape ?? [], expected);
      }
    }
    const whole = withRows(total, shape);
    joined.set(name, makeTensor(datatype, whole, concatenate(datatype, elementCount(whole), name, parts)));
  }
  return joined;
}

function rowsOf({ datatype, shape, data }: Tensor, start: number, end: number): Tensor {
  const rows = shape[0] ?? 0;
  const inner = rows === 0 ? 0 : data.length / rows;
  const part = isStrings(data)
    ? data.slice(start * inner, end * inner)
    : data.subarray(start * inner, end * inner);
  return { datatype, shape: withRows(end - start, shape), data: part };
}

function concatenate(
  datatype: Tensor['datatype'],
  elements: number,
  name: string,
  parts: readonly TensorMap[],
): Tensor['data'] {
  if (datatype === 'BYTES') return parts.flatMap((part) => part.get(name)?.data as readonly string[]);
  const data = allocateData(datatype, elements);
  copyRows(data, name, parts);
  return data;
}

/** Throws a TypeError or RangeError where the parts are not of one kind and size; that fails the batch, not memory. */
function copyRows(target: NumericData, name: string, parts: readonly TensorMap[]): void {
  let position = 0;
  for (const part of parts) {
    const data = part.get(name)?.data as NumericData;
    (target as Float32Array).set(data as Float32Array, position);
    position += data.length;
  }
}

function checkRows(name: string, { shape }: Tensor, rows: number): void {
  if (shape[0] !== rows) throw misshapen(name, shape, withRows(rows, shape));
}

const misshapen = (name: string, actual: Shape, expected: Shape): InferenceError =>
  new InferenceError(
    'internal',
    `output '${name}' of the batch has shape ${formatShape(actual)}, expected ${formatShape(expected)}: ` +
      'dimension 0 is not a batch axis',
  );
