import { isUtf8 } from 'node:buffer';
import protobuf, { type Reader } from 'protobufjs/minimal.js';
import { invalidArgument } from '../errors.ts';
import { allocateData, type Datatype, type NumericData } from '../tensor/datatype.ts';
import { elementCount, formatShape, type Shape } from '../tensor/shape.ts';
import { makeTensor, type Tensor } from '../tensor/tensor.ts';
import { openMessage, skipField } from './grpc-wire.ts';
import { quote } from './quote.ts';

/** The repeated field of InferTensorContents that holds each datatype; the 16-bit floats have none. */
const FIELDS: Readonly<Record<Datatype, number | undefined>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
  FP16: undefined,
  BF16: undefined,
};

const FIELD_NAMES = [
  '',
  'bool_contents',
  'int_contents',
  'int64_contents',
  'uint_contents',
  'uint64_contents',
  'fp32_contents',
  'fp64_contents',
  'bytes_contents',
];

const LENGTH_DELIMITED = 2;

/** Puts the next element of the message at `index`; beyond the tensor's end it only reads. */
type ElementReader = (reader: Reader, index: number) => void;

/**
 * A tensor from InferTensorContents messages (several when a client sent the field in parts: protobuf joins them).
 * Throws `invalid_argument` naming the input for the wrong field, a value beyond the datatype's range, or a count
 * that does not fit the shape. Allocates no more than the message could fill.
 */
export function decodeContents(
  name: string,
  datatype: Datatype,
  shape: Shape,
  contents: readonly Uint8Array[],
): Tensor {
  const field = FIELDS[datatype];
  if (field === undefined) {
    throw invalidArgument(`input ${quote(name)}: ${datatype} must be sent in raw_input_contents`);
  }
  const count = elementCount(shape);
  const bytes = contents.reduce((sum, part) => sum + part.byteLength, 0);
  // An element takes a byte at least; a shape that promises more is refused before it is allocated.
  if (count > bytes) throw wrongCount(name, datatype, shape, `at most ${bytes}`);
  const data = datatype === 'BYTES' ? new Array<string>(count) : allocateData(datatype, count);
  const readElement = Array.isArray(data) ? textReader(name, data) : numberReader(name, datatype, data);
  let found = 0;
  for (const part of contents) {
    found = readFields(protobuf.Reader.create(part), name, datatype, field, readElement, found);
  }
  if (found !== count) throw wrongCount(name, datatype, shape, String(found));
  return makeTensor(datatype, shape, data);
}

function readFields(
  reader: Reader,
  name: string,
  datatype: Datatype,
  field: number,
  readElement: ElementReader,
  start: number,
): number {
  let index = start;
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    const actual = tag >>> 3;
    if (actual !== field) {
      if (actual > 0 && actual < FIELD_NAMES.length) throw wrongField(name, datatype, field, actual);
      skipField(reader, tag);
    } else if ((tag & 7) === LENGTH_DELIMITED && datatype !== 'BYTES') {
      const close = openMessage(reader);
      while (reader.pos < reader.len) readElement(reader, index++);
      close();
    } else {
      readElement(reader, index++);
    }
  }
  return index;
}

function textReader(name: string, data: string[]): ElementReader {
  return (reader, index) => {
    const bytes = reader.bytes();
    if (!isUtf8(bytes)) throw invalidArgument(`input ${quote(name)}: element ${index} is not valid UTF-8`);
    if (index < data.length)
      data[index] = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  };
}

function numberReader(name: string, datatype: Datatype, data: NumericData): ElementReader {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    // Both halves as they are: no BigInt is made for an element, and none of its 64 bits is lost.
    const halves = new Int32Array(data.buffer);
    return (reader, index) => {
      const { low, high } = reader.int64();
      halves[2 * index] = low;
      halves[2 * index + 1] = high;
    };
  }
  if (data instanceof Float32Array) {
    return (reader, index) => {
      data[index] = reader.float();
    };
  }
  if (data instanceof Float64Array) {
    return (reader, index) => {
      data[index] = reader.double();
    };
  }
  if (datatype === 'BOOL') {
    return (reader, index) => {
      data[index] = reader.bool() ? 1 : 0;
    };
  }
  const signed = FIELDS[datatype] === FIELDS.INT32;
  return (reader, index) => {
    const value = signed ? reader.int32() : reader.uint32();
    data[index] = value;
    // A narrow typed array keeps the low bits only: what it gives back differs when they were not all.
    if (index < data.length && data[index] !== value) {
      throw invalidArgument(
        `input ${quote(name)}: element ${index} is ${value}, beyond the range of ${datatype}`,
      );
    }
  };
}

function wrongField(name: string, datatype: Datatype, expected: number, actual: number) {
  return invalidArgument(
    `input ${quote(name)}: ${datatype} belongs in ${FIELD_NAMES[expected]}, not in ${FIELD_NAMES[actual]}`,
  );
}

function wrongCount(name: string, datatype: Datatype, shape: Shape, found: string) {
  return invalidArgument(
    `unexpected size for input ${quote(name)}: ${datatype} of shape ${formatShape(shape)} needs ${elementCount(shape)} elements, contents has ${found}`,
  );
}
