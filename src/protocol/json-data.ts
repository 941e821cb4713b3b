import { type InferenceError, invalidArgument } from '../errors.ts';
import { allocateData, type Datatype } from '../tensor/datatype.ts';
import { elementCount, formatShape, type Shape } from '../tensor/shape.ts';
import { makeTensor, type Tensor } from '../tensor/tensor.ts';
import { isArray, type JsonValue } from './exact-json.ts';
import { bfloatBits, halfValues } from './float16.ts';
import { copyFloats, copyIntegers, copyWords, putWords } from './number-copies.ts';
import { quote } from './quote.ts';

type Elements = readonly JsonValue[] | Float64Array;

/** Writes the elements of one innermost array, from `offset` on. */
type Write = (elements: Elements, offset: number) => void;

/**
 * A tensor from the `data` of JSON: flat, or nested exactly as its shape; a scalar may stand without an array, and an
 * empty tensor without data. BOOL takes true, false, 1 and 0; integers must be whole and in range; floats must be in
 * range (FP16 and BF16 are rounded to nearest); BYTES takes strings.
 * Throws `invalid_argument` naming the input, and the element where one is at fault.
 */
export function tensorFromJson(
  name: string,
  datatype: Datatype,
  shape: Shape,
  data: JsonValue | undefined,
): Tensor {
  const count = elementCount(shape);
  const elements = elementsOf(name, shape, count, data);
  // Not elements[0]: a keyed load that has met other arrays makes V8 rewrite one of doubles into one of objects.
  const nested = isArray(elements.at(0));
  if (!nested && elements.length !== count) {
    throw invalidArgument(
      `input ${quote(name)} of shape ${formatShape(shape)} needs ${count} elements, its data has ${elements.length}`,
    );
  }
  if (nested) checkNesting(name, elements, shape, 0);
  const target = targetOf(name, datatype, count);
  if (nested) writeNested(elements, shape.length - 1, target, 0);
  else writeElements(target, elements, 0);
  return makeTensor(datatype, shape, target.data);
}

function elementsOf(name: string, shape: Shape, count: number, data: JsonValue | undefined): Elements {
  if (isArray(data)) return data;
  if (data === undefined && count === 0) return [];
  if (data !== undefined && data !== null && shape.length === 0) return [data];
  throw invalidArgument(`input ${quote(name)} of shape ${formatShape(shape)} needs its data as an array`);
}

/** Before anything is allocated for it, nested data must have the shape it claims. */
function checkNesting(name: string, values: Elements, shape: Shape, axis: number): void {
  if (values.length !== shape[axis]) {
    throw invalidArgument(
      `input ${quote(name)} of shape ${formatShape(shape)} has nested data that does not match: ${values.length} entries at depth ${axis}, expected ${shape[axis] ?? 'none'}`,
    );
  }
  if (axis === shape.length - 1) return;
  for (const value of values) {
    if (!isArray(value)) {
      throw invalidArgument(
        `input ${quote(name)} of shape ${formatShape(shape)} has nested data that is not an array at depth ${axis + 1}`,
      );
    }
    checkNesting(name, value, shape, axis + 1);
  }
}

function writeNested(values: Elements, depth: number, target: Target, start: number): number {
  if (depth === 0) {
    writeElements(target, values, start);
    return start + values.length;
  }
  let offset = start;
  for (const value of values) {
    if (isArray(value)) offset = writeNested(value, depth - 1, target, offset);
  }
  return offset;
}

const INTEGER_RANGES = {
  INT8: [-(2 ** 7), 2 ** 7 - 1],
  INT16: [-(2 ** 15), 2 ** 15 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
  UINT8: [0, 2 ** 8 - 1],
  UINT16: [0, 2 ** 16 - 1],
  UINT32: [0, 2 ** 32 - 1],
} as const;

interface Target {
  readonly data: Tensor['data'];
  readonly write: Write;
  /** Writes numbers alone, in a fourth of the time. Gives whether all fit; where not, `write` says which does not. */
  readonly writeNumbers?: (numbers: Float64Array, offset: number) => boolean;
}

/** As `write` of the target, whatever the elements are. */
function writeElements({ write, writeNumbers }: Target, elements: Elements, offset: number): void {
  if (elements instanceof Float64Array && writeNumbers?.(elements, offset) === true) return;
  write(elements, offset);
}

function targetOf(name: string, datatype: Datatype, count: number): Target {
  switch (datatype) {
    case 'BOOL':
      return booleans(name, count);
    case 'BYTES':
      return strings(name);
    case 'INT64':
      return wholes(name, datatype, new BigInt64Array(count), -(2n ** 63n), 2n ** 63n - 1n);
    case 'UINT64':
      return wholes(name, datatype, new BigUint64Array(count), 0n, 2n ** 64n - 1n);
    case 'FP16': {
      const bits = new Uint16Array(count);
      return floats(name, datatype, halfValues(bits), bits);
    }
    case 'BF16':
      return bfloats(name, count);
    case 'FP32': {
      const values = new Float32Array(count);
      return floats(name, datatype, values, values);
    }
    case 'FP64': {
      const values = new Float64Array(count);
      return floats(name, datatype, values, values);
    }
    default:
      return integers(name, datatype, count);
  }
}

function integers(name: string, datatype: keyof typeof INTEGER_RANGES, count: number): Target {
  const data = allocateData(datatype, count);
  const [min, max] = INTEGER_RANGES[datatype];
  const write: Write = (elements, offset) => {
    for (let index = 0; index < elements.length; index++) {
      const value = elements[index];
      if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
        throw badElement(name, offset + index, value, `${datatype} takes integers from ${min} to ${max}`);
      }
      data[offset + index] = value;
    }
  };
  return { data, write, writeNumbers: (numbers, offset) => copyIntegers(numbers, data, offset, min, max) };
}

/** Most are safe integers, which are written as two halves: no bigint is made of them. */
function wholes(
  name: string,
  datatype: 'INT64' | 'UINT64',
  data: BigInt64Array | BigUint64Array,
  min: bigint,
  max: bigint,
): Target {
  const words = new Uint32Array(data.buffer);
  const least = min < 0n ? Number.MIN_SAFE_INTEGER : 0;
  const write: Write = (elements, offset) => {
    for (let index = 0; index < elements.length; index++) {
      const value = elements[index];
      const number = typeof value === 'number';
      if (number && Number.isSafeInteger(value) && value >= least) {
        putWords(words, offset + index, value);
        continue;
      }
      const whole = typeof value === 'bigint' || (number && Number.isInteger(value));
      const big = whole ? BigInt(value) : undefined;
      if (big === undefined || big < min || big > max) {
        throw badElement(name, offset + index, value, `${datatype} takes integers from ${min} to ${max}`);
      }
      data[offset + index] = big;
    }
  };
  return { data, write, writeNumbers: (numbers, offset) => copyWords(numbers, words, offset, least) };
}

/** `data` and `values` are the same memory where they differ in type: FP16 is written as numbers, kept as bits. */
function floats(
  name: string,
  datatype: Datatype,
  values: Float16Array | Float32Array | Float64Array,
  data: Tensor['data'],
): Target {
  const write: Write = (elements, offset) => {
    for (let index = 0; index < elements.length; index++) {
      const value = numberOf(name, datatype, elements[index], offset + index);
      values[offset + index] = value;
      if (!Number.isFinite(values[offset + index])) {
        throw badElement(name, offset + index, value, `which is out of range for ${datatype}`);
      }
    }
  };
  return { data, write, writeNumbers: (numbers, offset) => copyFloats(numbers, values, offset) };
}

function bfloats(name: string, count: number): Target {
  const data = new Uint16Array(count);
  const write: Write = (elements, offset) => {
    for (let index = 0; index < elements.length; index++) {
      const value = numberOf(name, 'BF16', elements[index], offset + index);
      const bits = bfloatBits(value);
      if ((bits & BFLOAT_EXPONENT) === BFLOAT_EXPONENT) {
        throw badElement(name, offset + index, value, 'which is out of range for BF16');
      }
      data[offset + index] = bits;
    }
  };
  return { data, write };
}

/** All ones: infinity or NaN. */
const BFLOAT_EXPONENT = 0x7f80;

function numberOf(name: string, datatype: Datatype, value: JsonValue | undefined, index: number): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  throw badElement(name, index, value, `${datatype} takes numbers`);
}

function booleans(name: string, count: number): Target {
  const data = new Uint8Array(count);
  const write: Write = (elements, offset) => {
    for (let index = 0; index < elements.length; index++) {
      const value = elements[index];
      if (value !== true && value !== false && value !== 1 && value !== 0) {
        throw badElement(name, offset + index, value, 'BOOL takes true and false');
      }
      data[offset + index] = Number(value);
    }
  };
  return { data, write };
}

function strings(name: string): Target {
  const data: string[] = [];
  const write: Write = (elements, offset) => {
    for (let index = 0; index < elements.length; index++) {
      const value = elements[index];
      if (typeof value !== 'string') {
        throw badElement(name, offset + index, value, 'BYTES takes strings');
      }
      if (!value.isWellFormed()) {
        throw badElement(name, offset + index, value, 'which holds half of a surrogate pair');
      }
      data.push(value);
    }
  };
  return { data, write };
}

function badElement(name: string, index: number, value: JsonValue | undefined, rule: string): InferenceError {
  return invalidArgument(`input ${quote(name)}: element ${index} is ${describe(value)}, ${rule}`);
}

function describe(value: JsonValue | undefined): string {
  if (typeof value === 'string') return `the string ${quote(value)}`;
  if (isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
