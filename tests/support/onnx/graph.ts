import type { Datatype } from '../../../src/tensor/datatype.ts';
import type { Dimension } from '../../../src/tensor/shape.ts';
import { bytes, type Field, float, integer, join, message, text } from './wire.ts';

/** Element types of ONNX (TensorProto.DataType); the ones the protocol lacks are here to be refused. */
export const ELEMENT_TYPES = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
  UINT4: 21,
  INT4: 22,
} as const satisfies Record<Datatype | 'UINT4' | 'INT4', number>;

export type ElementType = keyof typeof ELEMENT_TYPES;

/** FLOAT, INT, STRING and INTS attributes of a node; a whole number is an INT unless it is given as `{ float }`. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

const OPSET = 21;
const IR_VERSION = 10;

export function node(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Field {
  return message(1, [
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  ]);
}

function attribute(name: string, value: Attribute): Field {
  const head = text(1, name);
  if (typeof value === 'string') return message(5, [head, text(4, value), integer(20, 3)]);
  if (typeof value === 'number') return message(5, [head, integer(3, value), integer(20, 2)]);
  if ('float' in value) return message(5, [head, float(2, value.float), integer(20, 1)]);
  return message(5, [head, ...value.map((item) => integer(8, item)), integer(20, 7)]);
}

/** A constant of the graph; `data` is little-endian and row-major. */
export function initializer(
  name: string,
  type: ElementType,
  dims: readonly number[],
  data: ArrayBufferView,
): Field {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message(5, [
    ...dims.map((dim) => integer(1, dim)),
    integer(2, ELEMENT_TYPES[type]),
    text(8, name),
    bytes(9, raw),
  ]);
}

export const floats = (name: string, dims: readonly number[], values: readonly number[]): Field =>
  initializer(name, 'FP32', dims, Float32Array.from(values));

export const integers = (name: string, dims: readonly number[], values: readonly number[]): Field =>
  initializer(name, 'INT64', dims, BigInt64Array.from(values, BigInt));

const tensorType = (type: ElementType, dims: readonly Dimension[]): Field[] => [
  integer(1, ELEMENT_TYPES[type]),
  message(
    2,
    dims.map((dim) =>
      message(1, [typeof dim === 'number' ? integer(1, dim) : dim === '' ? undefined : text(2, dim)]),
    ),
  ),
];

const valueInfo =
  (field: number) =>
  (name: string, type: ElementType, dims: readonly Dimension[]): Field =>
    message(field, [text(1, name), message(2, [message(1, tensorType(type, dims))])]);

export const input = valueInfo(11);
export const output = valueInfo(12);

/** An output that is a sequence of tensors. */
export const sequenceOutput = (name: string, type: ElementType, dims: readonly Dimension[]): Field =>
  message(12, [text(1, name), message(2, [message(4, [message(1, [message(1, tensorType(type, dims))])])])]);

/** The bytes of a .onnx file. */
export function model(parts: readonly Field[]): Buffer {
  return join([
    integer(1, IR_VERSION),
    text(2, 'sluice-tests'),
    message(7, [text(2, 'graph'), ...parts]),
    message(8, [text(1, ''), integer(2, OPSET)]),
  ]);
}
