import { InferenceError } from '../errors.ts';
import { allocateData, DATATYPES, type NumericData, viewData } from '../tensor/datatype.ts';
import { cutRows, placePadded } from '../tensor/padding.ts';
import { elementCount, formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import { isStrings, makeTensor, type Tensor, type TensorMap } from '../tensor/tensor.ts';

/** Every input starts at a multiple of this, bytes: a cache line, and more than any element needs. */
const ALIGNMENT = 64;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

function withRows(rows: number, shape: Shape): Shape {
  const changed = shape.slice();
  changed[0] = rows;
  return changed;
}

/** Tensors whose axis 1 is padded where the parts of a batch differ in it, by name. */
export interface Padded {
  readonly inputs: ReadonlySet<string>;
  readonly outputs: ReadonlySet<string>;
}

/**
 * The rows of several runs one after the other, along dimension 0. Numbers are written straight into one block of
 * memory from `allocate`; a single run is passed on as it is. All must have the inputs, datatypes and inner shapes of
 * the first, but for axis 1 of those that are padded: it becomes the longest, zeros behind the shorter ones.
 */
export function mergeInputs(
  parts: readonly TensorMap[],
  rows: number,
  allocate: (byteLength: number) => ArrayBufferLike,
  padded?: Padded,
): TensorMap {
  const [first] = parts;
  if (first === undefined) throw new RangeError('there is nothing to merge');
  if (parts.length === 1) return first;
  const shapes = new Map<string, Shape>();
  let bytes = 0;
  for (const [name, { datatype, shape }] of first) {
    const whole = withRows(rows, padded?.inputs.has(name) ? longestShape(name, shape, parts) : shape);
    shapes.set(name, whole);
    bytes += aligned(elementCount(whole) * DATATYPES[datatype].size);
  }
  const buffer = bytes === 0 ? undefined : allocate(bytes);
  const merged = new Map<string, Tensor>();
  let offset = 0;
  for (const [name, { datatype, shape }] of first) {
    const whole = shapes.get(name) ?? shape;
    const elements = elementCount(whole);
    if (datatype === 'BYTES' || buffer === undefined) {
      merged.set(name, makeTensor(datatype, whole, concatenate(datatype, elements, name, parts)));
      continue;
    }
    const data = viewData(datatype, buffer, offset, elements);
    if (padded?.inputs.has(name)) copyPadded(data, name, whole, parts);
    else copyRows(data, name, parts);
    merged.set(name, { datatype, shape: whole, data });
    offset += aligned(data.byteLength);
  }
  return merged;
}

/**
 * The outputs of a batch, cut back into those of its parts (`rows` each, in order): views, not copies, but for padded
 * ones of several rows. Throws `internal` where an output does not have a row for each row of the inputs.
 * @param cut the length of axis 1 of each part, and the outputs that have it
 */
export function splitOutputs(
  outputs: TensorMap,
  rows: readonly number[],
  total: number,
  cut?: { readonly names: ReadonlySet<string>; readonly lengths: readonly number[] },
): TensorMap[] {
  const split = rows.map(() => new Map<string, Tensor>());
  for (const [name, tensor] of outputs) {
    checkRows(name, tensor, total);
    const lengths = cut?.names.has(name) ? cut.lengths : undefined;
    let start = 0;
    let index = 0;
    for (const count of rows) {
      const part = rowsOf(tensor, start, start + count);
      const length = lengths?.[index];
      split[index]?.set(name, length === undefined ? part : cutRows(part, length));
      start += count;
      index += 1;
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

function longestShape(name: string, shape: Shape, parts: readonly TensorMap[]): Shape {
  const lengths = parts.map((part) => part.get(name)?.shape[1] ?? 0);
  return [shape[0] ?? 0, Math.max(...lengths), ...shape.slice(2)];
}

function copyPadded(target: NumericData, name: string, whole: Shape, parts: readonly TensorMap[]): void {
  const longest = whole[1] ?? 0;
  const perRow = elementCount(whole.slice(1));
  // The memory is used again and again: what lies behind the shorter rows is not zero by itself.
  if (target instanceof BigInt64Array || target instanceof BigUint64Array) target.fill(0n);
  else target.fill(0);
  let start = 0;
  for (const part of parts) {
    const tensor = part.get(name);
    if (tensor === undefined) throw new TypeError(`input '${name}' is missing`);
    placePadded(tensor, longest, target, start);
    start += (tensor.shape[0] ?? 0) * perRow;
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
