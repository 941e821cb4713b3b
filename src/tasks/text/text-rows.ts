import { InferenceError } from '../../errors.ts';
import type { Signature, TensorSpec } from '../../inference/signature.ts';
import { DATATYPES } from '../../tensor/datatype.ts';
import { makeTensor, type Tensor, type TensorMap } from '../../tensor/tensor.ts';
import type { TextEncoder } from './text-encoder.ts';
import type { Encoded } from './text-tokenizer.ts';

/**
 * Rows are padded to a multiple of this, so that texts of nearly one length share a batch whoever sent them. A mask
 * keeps padding out of the result.
 */
const LENGTH_STEP = 8;

/** What a text model can be fed, by the names every export uses. */
const FEEDS = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'] as const;

type Feed = (typeof FEEDS)[number];

const isFeed = (name: string): name is Feed => FEEDS.some((feed) => feed === name);

/** The inputs of the signature that are filled from text. Throws `failed_precondition` where there are none. */
export function textInputs({ inputs }: Signature, model: string): readonly TensorSpec[] {
  const found = inputs.filter(({ name }) => isFeed(name));
  if (!found.some(({ name }) => name === 'input_ids')) {
    throw new InferenceError(
      'failed_precondition',
      `model '${model}' has no input 'input_ids', which this task needs`,
    );
  }
  return found;
}

/** The length every row must have where the graph fixes its sequence axis. */
export function fixedLength(specs: readonly TensorSpec[]): number | undefined {
  const length = specs.find(({ name }) => name === 'input_ids')?.dims[1];
  return typeof length === 'number' ? length : undefined;
}

/** The length a row is padded to. Without a mask the model cannot tell padding from text, and there is none. */
export function paddedLength(length: number, specs: readonly TensorSpec[], encoder: TextEncoder): number {
  const fixed = fixedLength(specs);
  if (fixed !== undefined) return fixed;
  if (!specs.some(({ name }) => name === 'attention_mask')) return Math.max(length, 1);
  const stepped = Math.max(LENGTH_STEP, Math.ceil(length / LENGTH_STEP) * LENGTH_STEP);
  return Math.min(stepped, Math.max(encoder.maxLength ?? stepped, length, 1));
}

/** Rows of at most `length` tokens as tensors of [rows, length], in the datatype each input has. */
export function textTensors(
  rows: readonly Encoded[],
  length: number,
  specs: readonly TensorSpec[],
  encoder: TextEncoder,
): TensorMap {
  return new Map(specs.map((spec) => [spec.name, textTensor(rows, length, spec, encoder)]));
}

function textTensor(
  rows: readonly Encoded[],
  length: number,
  { name, datatype }: TensorSpec,
  encoder: TextEncoder,
): Tensor {
  const { array } = DATATYPES[datatype];
  if (array === undefined || datatype === 'FP16' || datatype === 'BF16') {
    throw new InferenceError(
      'failed_precondition',
      `input '${name}' has datatype ${datatype}, not an integer`,
    );
  }
  const data = new array(rows.length * length);
  const padding = name === 'input_ids' ? encoder.padId : 0;
  const asElement = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt : Number;
  if (padding !== 0) for (let index = 0; index < data.length; index++) data[index] = asElement(padding);
  for (const [row, encoded] of rows.entries()) {
    const start = row * length + (encoder.padLeft ? length - encoded.ids.length : 0);
    for (let column = 0; column < encoded.ids.length; column++) {
      data[start + column] = asElement(feedValue(name, encoded, column, encoder));
    }
  }
  return makeTensor(datatype, [rows.length, length], data);
}

function feedValue(name: string, { ids, typeIds }: Encoded, column: number, encoder: TextEncoder): number {
  if (name === 'input_ids') return ids[column] ?? 0;
  if (name === 'attention_mask') return 1;
  if (name === 'position_ids') return column;
  return encoder.hasTypes ? (typeIds[column] ?? 0) : 0;
}
