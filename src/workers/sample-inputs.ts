import type { Signature, TensorSpec } from '../inference/signature.ts';
import { allocateData, type NumericData, type TensorData } from '../tensor/datatype.ts';
import { elementCount } from '../tensor/shape.ts';
import type { Tensor, TensorMap } from '../tensor/tensor.ts';

export interface SampleOptions {
  readonly seed?: number;
  /** Size of every symbolic dimension but the first. */
  readonly length?: number;
  /** Whole numbers stay below this: most models look them up in a table. */
  readonly largestId?: number;
}

const WORDS = ['a', 'quick', 'answer', 'to', 'my', 'question', 'please', '42'];

/**
 * Inputs that a model of this signature can be expected to run on: small whole numbers, ones for masks, words, and
 * floats around zero whose spread grows from row to row (a scale taken over the whole batch then shows).
 * The same seed gives the same inputs.
 */
export function sampleInputs(signature: Signature, rows: number, options: SampleOptions = {}): TensorMap {
  const random = generator(options.seed ?? 1);
  return new Map(signature.inputs.map((spec) => [spec.name, sample(spec, rows, random, options)]));
}

function sample(spec: TensorSpec, rows: number, random: () => number, options: SampleOptions): Tensor {
  const length = options.length ?? 12;
  const shape = spec.dims.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? rows : length));
  const count = elementCount(shape);
  return { datatype: spec.datatype, shape, data: values(spec, count, shape[0] ?? 1, random, options) };
}

function values(
  { name, datatype }: TensorSpec,
  count: number,
  rows: number,
  random: () => number,
  { largestId = 16 }: SampleOptions,
): TensorData {
  if (datatype === 'BYTES') return Array.from({ length: count }, () => sentence(random));
  const data = allocateData(datatype, count);
  const mask = /mask/i.test(name);
  const type = /token_type|segment/i.test(name);
  const perRow = Math.max(1, count / Math.max(1, rows));
  for (let index = 0; index < count; index++) {
    const row = Math.floor(index / perRow);
    switch (datatype) {
      case 'FP32':
      case 'FP64':
        data[index] = mask ? 1 : (random() * 2 - 1) * (row + 1);
        break;
      case 'FP16':
        data[index] = mask ? HALF_ONE : halfBits(random);
        break;
      case 'BF16':
        data[index] = 0x3f80;
        break;
      case 'BOOL':
        data[index] = mask || random() < 0.5 ? 1 : 0;
        break;
      default:
        setInteger(data, index, mask ? 1 : type ? 0 : Math.floor(random() * largestId));
    }
  }
  return data;
}

function setInteger(data: NumericData, index: number, value: number): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = BigInt(value);
  else data[index] = value;
}

const HALF_ONE = 0x3c00;

/** A float16 between 0.5 and 2, of either sign. */
const halfBits = (random: () => number): number =>
  (random() < 0.5 ? 0x8000 : 0) | (0x3800 + Math.floor(random() * 0x800));

const sentence = (random: () => number): string =>
  Array.from({ length: 3 }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');

/** Uniform in [0, 1): mulberry32, which is in the public domain. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
