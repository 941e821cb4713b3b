import { invalidArgument } from '../errors.ts';
import { DATATYPES, type Datatype, isDatatype, viewData } from '../tensor/datatype.ts';
import { elementCount, formatShape, type Shape } from '../tensor/shape.ts';
import { isStrings, makeTensor, type Tensor } from '../tensor/tensor.ts';
import { decodeBytes, encodeBytes } from './bytes-codec.ts';
import { quote } from './quote.ts';

/** Most elements of one tensor. More would not fit any body we take, and products beyond 2^53 are no longer exact. */
export const MAX_ELEMENTS = 2 ** 31;

/**
 * Most elements that the dimensions of an empty tensor make without its zeros. They cost a client nothing, and what a
 * model computes from them may have as many: more rows than these are never sent without anything in them.
 */
export const MAX_EMPTY = 2 ** 16;

/** Most dimensions of one tensor; no model comes near it, and it bounds what a message repeats. */
export const MAX_RANK = 32;

/** The datatype of that name. Throws `invalid_argument` naming the input. */
export function parseDatatype(name: string, text: string): Datatype {
  if (isDatatype(text)) return text;
  throw invalidArgument(
    `input ${quote(name)} has unknown datatype ${quote(text)}, expected one of ${Object.keys(DATATYPES).join(', ')}`,
  );
}

/**
 * A shape as a client sent it, checked before anything is allocated for it: dimensions are non-negative integers, at
 * most `MAX_RANK` of them, and their product is at most `MAX_ELEMENTS`; without its zeros at most `MAX_EMPTY`.
 */
export function parseShape(name: string, value: readonly (number | bigint)[] | Float64Array): Shape {
  if (value.length > MAX_RANK) {
    throw invalidArgument(`input ${quote(name)} has ${value.length} dimensions, the limit is ${MAX_RANK}`);
  }
  const shape: number[] = [];
  const limit = value.some((dimension) => Number(dimension) === 0) ? MAX_EMPTY : MAX_ELEMENTS;
  let product = 1;
  for (const dimension of value) {
    const size = Number(dimension);
    if (!Number.isInteger(size) || size < 0) {
      throw invalidArgument(
        `input ${quote(name)}: dimension ${shape.length} of its shape is ${String(dimension)}, it must be a non-negative integer`,
      );
    }
    product *= size === 0 ? 1 : size;
    if (product > limit) {
      const what = limit === MAX_EMPTY ? 'elements beside its zeros' : 'elements';
      throw invalidArgument(`input ${quote(name)}: its shape has more than ${limit} ${what}`);
    }
    shape.push(size === 0 ? 0 : size);
  }
  return shape;
}

/**
 * A tensor from its bytes at the wire (row-major, little-endian, as the hosts we run on). The data is a view of
 * `bytes` where they are aligned to the element and one copy where not; BYTES become strings.
 * Throws `invalid_argument` naming the input where the size does not match, or a BOOL is neither 0 nor 1.
 */
export function decodeRawTensor(name: string, datatype: Datatype, shape: Shape, bytes: Uint8Array): Tensor {
  const count = elementCount(shape);
  if (datatype === 'BYTES') return makeTensor(datatype, shape, decodeBytes(name, bytes, count));
  const expected = count * DATATYPES[datatype].size;
  if (bytes.byteLength !== expected) {
    throw invalidArgument(
      `unexpected size for input ${quote(name)}: ${datatype} of shape ${formatShape(shape)} needs ${expected} bytes, ${bytes.byteLength} given`,
    );
  }
  if (datatype === 'BOOL') checkBooleans(name, bytes);
  return makeTensor(datatype, shape, viewData(datatype, bytes.buffer, bytes.byteOffset, count));
}

/** The tensor's bytes at the wire; a view of its data, except for BYTES. */
export function encodeRawTensor({ data }: Tensor): Uint8Array {
  if (isStrings(data)) return encodeBytes(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The runtime reads a bool's byte as it is; other values than 0 and 1 are undefined behaviour there. */
function checkBooleans(name: string, bytes: Uint8Array): void {
  const index = bytes.findIndex((byte) => byte > 1);
  if (index >= 0) {
    throw invalidArgument(`input ${quote(name)}: element ${index} is ${bytes[index]}, BOOL takes 0 and 1`);
  }
}
