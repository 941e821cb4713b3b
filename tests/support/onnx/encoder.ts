import { floats, initializer, input, integers, model, node, output } from './graph.ts';
import { quantizedActivation, quantizedWeight } from './quantized.ts';
import { randomFloats } from './random.ts';
import type { Field } from './wire.ts';

export interface EncoderSize {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
  readonly vocabulary: number;
  readonly maxLength: number;
}

/** all-MiniLM-L6: 22.7 M parameters, 90 MB. */
export const MINILM: EncoderSize = {
  layers: 6,
  width: 384,
  heads: 12,
  hidden: 1536,
  vocabulary: 30_522,
  maxLength: 512,
};

/** The same graph, small enough for a test. */
export const TINY_ENCODER: EncoderSize = {
  layers: 1,
  width: 16,
  heads: 2,
  hidden: 32,
  vocabulary: 64,
  maxLength: 64,
};

/**
 * A BERT-like encoder with random weights. `input_ids` and `attention_mask` INT64 [batch, sequence] ->
 * `last_hidden_state` FP32 [batch, sequence, width] or, with `pooled`, `embedding` FP32 [batch, width] (mean over the
 * mask). Rows are independent. With `int8`, its linear layers are static int8: fixed scales, so rows stay independent.
 */
export function encoderModel(size: EncoderSize, { pooled = true, seed = 7, int8 = false } = {}): Buffer {
  const random = randomFloats(seed);
  const parts: Field[] = [
    input('input_ids', 'INT64', ['batch', 'sequence']),
    input('attention_mask', 'INT64', ['batch', 'sequence']),
    pooled
      ? output('embedding', 'FP32', ['batch', size.width])
      : output('last_hidden_state', 'FP32', ['batch', 'sequence', size.width]),
    ...constants(size),
  ];
  const weight = (name: string, dims: readonly number[]): string => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const scale = dims.length === 1 ? 0.02 : Math.sqrt(3 / (dims[0] ?? 1));
    parts.push(initializer(name, 'FP32', dims, random(count, scale)));
    return name;
  };
  const quantized = new Map<string, string>();
  const product = (name: string, from: string, rows: number, columns: number): void => {
    if (!int8) {
      parts.push(node('MatMul', [from, weight(`${name}.w`, [rows, columns])], [`${name}.m`]));
      return;
    }
    const scale = Math.sqrt(3 / rows);
    parts.push(...quantizedWeight(`${name}.w`, [rows, columns], random(rows * columns, scale), scale));
    if (!quantized.has(from)) {
      quantized.set(from, `${from}.dq`);
      parts.push(...quantizedActivation(from, `${from}.dq`));
    }
    parts.push(node('MatMul', [`${from}.dq`, `${name}.w`], [`${name}.m`]));
  };
  const linear = (name: string, from: string, rows: number, columns: number): string => {
    product(name, from, rows, columns);
    parts.push(node('Add', [`${name}.m`, weight(`${name}.b`, [columns])], [name]));
    return name;
  };
  const normalise = (name: string, a: string, b: string): string => {
    parts.push(node('Add', [a, b], [`${name}.sum`]));
    const scale = `${name}.scale`;
    parts.push(initializer(scale, 'FP32', [size.width], new Float32Array(size.width).fill(1)));
    parts.push(
      node('LayerNormalization', [`${name}.sum`, scale, weight(`${name}.b`, [size.width])], [name], {
        axis: -1,
      }),
    );
    return name;
  };

  parts.push(
    ...embed(weight('words', [size.vocabulary, size.width]), weight('places', [size.maxLength, size.width])),
  );
  let hidden = normalise('embedded', 'word', 'place');
  for (let layer = 0; layer < size.layers; layer++) {
    const name = `layer${layer}`;
    for (const part of ['q', 'k', 'v']) linear(`${name}.${part}`, hidden, size.width, size.width);
    parts.push(...attention(name));
    const mixed = linear(`${name}.o`, `${name}.context`, size.width, size.width);
    const attended = normalise(`${name}.attended`, mixed, hidden);
    const wide = linear(`${name}.wide`, attended, size.width, size.hidden);
    parts.push(...gelu(name, wide));
    const narrow = linear(`${name}.narrow`, `${name}.gelu`, size.hidden, size.width);
    hidden = normalise(`${name}.out`, narrow, attended);
  }
  parts.push(...(pooled ? meanPool(hidden) : [node('Identity', [hidden], ['last_hidden_state'])]));
  return model(parts);
}

const constants = ({ heads, width }: EncoderSize): Field[] => [
  integers('split', [4], [0, 0, heads, width / heads]),
  integers('flat', [3], [0, 0, width]),
  integers('axes12', [2], [1, 2]),
  integers('int0', [], [0]),
  integers('int1', [], [1]),
  floats('one', [], [1]),
  floats('far', [], [-10_000]),
  floats('scale', [], [1 / Math.sqrt(width / heads)]),
  floats('root2', [], [Math.SQRT2]),
  floats('half', [], [0.5]),
];

/** Word and place vectors, and the additive mask [batch, 1, 1, sequence]. */
const embed = (words: string, places: string): Field[] => [
  node('Gather', [words, 'input_ids'], ['word']),
  node('Shape', ['input_ids'], ['shape']),
  node('Gather', ['shape', 'int1'], ['length']),
  node('Range', ['int0', 'length', 'int1'], ['positions']),
  node('Gather', [places, 'positions'], ['place']),
  node('Cast', ['attention_mask'], ['mask'], { to: 1 }),
  node('Sub', ['one', 'mask'], ['hole']),
  node('Mul', ['hole', 'far'], ['hole.far']),
  node('Unsqueeze', ['hole.far', 'axes12'], ['bias']),
];

const attention = (name: string): Field[] => [
  ...['q', 'k', 'v'].flatMap((part) => [
    node('Reshape', [`${name}.${part}`, 'split'], [`${name}.${part}.4d`]),
    node('Transpose', [`${name}.${part}.4d`], [`${name}.${part}.heads`], {
      perm: part === 'k' ? [0, 2, 3, 1] : [0, 2, 1, 3],
    }),
  ]),
  node('MatMul', [`${name}.q.heads`, `${name}.k.heads`], [`${name}.dot`]),
  node('Mul', [`${name}.dot`, 'scale'], [`${name}.scaled`]),
  node('Add', [`${name}.scaled`, 'bias'], [`${name}.biased`]),
  node('Softmax', [`${name}.biased`], [`${name}.weights`], { axis: -1 }),
  node('MatMul', [`${name}.weights`, `${name}.v.heads`], [`${name}.mixed`]),
  node('Transpose', [`${name}.mixed`], [`${name}.back`], { perm: [0, 2, 1, 3] }),
  node('Reshape', [`${name}.back`, 'flat'], [`${name}.context`]),
];

const gelu = (name: string, from: string): Field[] => [
  node('Div', [from, 'root2'], [`${name}.g1`]),
  node('Erf', [`${name}.g1`], [`${name}.g2`]),
  node('Add', [`${name}.g2`, 'one'], [`${name}.g3`]),
  node('Mul', [from, `${name}.g3`], [`${name}.g4`]),
  node('Mul', [`${name}.g4`, 'half'], [`${name}.gelu`]),
];

const meanPool = (hidden: string): Field[] => [
  integers('axis1', [1], [1]),
  integers('axis2', [1], [2]),
  node('Unsqueeze', ['mask', 'axis2'], ['mask.3d']),
  node('Mul', [hidden, 'mask.3d'], ['masked']),
  node('ReduceSum', ['masked', 'axis1'], ['total'], { keepdims: 0 }),
  node('ReduceSum', ['mask.3d', 'axis1'], ['count'], { keepdims: 0 }),
  node('Div', ['total', 'count'], ['embedding']),
];
