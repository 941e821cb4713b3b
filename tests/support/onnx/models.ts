import {
  type ElementType,
  floats,
  initializer,
  input,
  integers,
  model,
  node,
  output,
  sequenceOutput,
} from './graph.ts';
import { randomFloats } from './random.ts';

/** `sum` = `a` + `b`, all FP32 [batch, width]. */
export const addModel = (width = 4): Buffer =>
  model([
    input('a', 'FP32', ['batch', width]),
    input('b', 'FP32', ['batch', width]),
    output('sum', 'FP32', ['batch', width]),
    node('Add', ['a', 'b'], ['sum']),
  ]);

/** `y` = `x`, [batch, width] of any element type. */
export const identityModel = (type: ElementType, width: number | string = 3): Buffer =>
  model([
    input('x', type, ['batch', width]),
    output('y', type, ['batch', width]),
    node('Identity', ['x'], ['y']),
  ]);

/** `y` = the square root of `x`, FP32 [batch, 3]: no number where `x` is negative. */
export const rootModel = (): Buffer =>
  model([input('x', 'FP32', ['batch', 3]), output('y', 'FP32', ['batch', 3]), node('Sqrt', ['x'], ['y'])]);

/**
 * `x` FP32 [batch, inputs] through one hidden layer to `logits` FP32 [batch, outputs] and `label` INT64 [batch]; on request
 * the layer too, as `hidden` FP32 [batch, hidden].
 */
export function mlpModel({ inputs = 16, hidden = 32, outputs = 4, seed = 1, open = false } = {}): Buffer {
  const random = randomFloats(seed);
  return model([
    input('x', 'FP32', ['batch', inputs]),
    output('logits', 'FP32', ['batch', outputs]),
    output('label', 'INT64', ['batch']),
    ...(open ? [output('hidden', 'FP32', ['batch', hidden]), node('Identity', ['h3'], ['hidden'])] : []),
    initializer('w1', 'FP32', [inputs, hidden], random(inputs * hidden, 0.5)),
    initializer('b1', 'FP32', [hidden], random(hidden, 0.5)),
    initializer('w2', 'FP32', [hidden, outputs], random(hidden * outputs, 0.5)),
    node('MatMul', ['x', 'w1'], ['h1']),
    node('Add', ['h1', 'b1'], ['h2']),
    node('Relu', ['h2'], ['h3']),
    node('MatMul', ['h3', 'w2'], ['logits']),
    node('ArgMax', ['logits'], ['label'], { axis: 1, keepdims: 0 }),
  ]);
}

/** `y` = 2 `x`, both FP32 scalars (rank 0). */
export const scalarModel = (): Buffer =>
  model([
    input('x', 'FP32', []),
    output('y', 'FP32', []),
    floats('two', [], [2]),
    node('Mul', ['x', 'two'], ['y']),
  ]);

/** `y` = `x` minus the mean over the batch: a row's answer depends on its neighbours. FP32 [batch, 4]. */
export const coupledModel = (): Buffer =>
  model([
    input('x', 'FP32', ['batch', 4]),
    output('y', 'FP32', ['batch', 4]),
    integers('axes', [1], [0]),
    node('ReduceMean', ['x', 'axes'], ['mean'], { keepdims: 1 }),
    node('Sub', ['x', 'mean'], ['y']),
  ]);

/** `y` = 2 `x`, FP32 [1, 4]: no batch axis. */
export const fixedBatchModel = (): Buffer =>
  model([
    input('x', 'FP32', [1, 4]),
    output('y', 'FP32', [1, 4]),
    floats('two', [], [2]),
    node('Mul', ['x', 'two'], ['y']),
  ]);

/** `y` = 2 `x`, FP32 with no name for its first dimension. */
export const unnamedBatchModel = (): Buffer =>
  model([
    input('x', 'FP32', ['', 4]),
    output('y', 'FP32', ['', 4]),
    floats('two', [], [2]),
    node('Mul', ['x', 'two'], ['y']),
  ]);

/** `total` FP32 [batch] = sum over `length` of `ids` INT64 [batch, length] times `mask` FP32 [batch, length]. */
export const sharedLengthModel = (): Buffer =>
  model([
    input('ids', 'INT64', ['batch', 'length']),
    input('mask', 'FP32', ['batch', 'length']),
    output('total', 'FP32', ['batch']),
    integers('axes', [1], [1]),
    node('Cast', ['ids'], ['values'], { to: 1 }),
    node('Mul', ['values', 'mask'], ['masked']),
    node('ReduceSum', ['masked', 'axes'], ['total'], { keepdims: 0 }),
  ]);

/** As `sharedLengthModel`, but the mean over `length`: padding changes it in spite of the mask. */
export const lengthMeanModel = (): Buffer =>
  model([
    input('ids', 'INT64', ['batch', 'length']),
    input('mask', 'FP32', ['batch', 'length']),
    output('mean', 'FP32', ['batch']),
    node('Cast', ['ids'], ['values'], { to: 1 }),
    integers('axes', [1], [1]),
    node('Mul', ['values', 'mask'], ['masked']),
    node('ReduceMean', ['masked', 'axes'], ['mean'], { keepdims: 0 }),
  ]);

/** `y` = `x` times a factor by channel, of which there have to be 3 or 1; all dimensions are open. */
export const videoModel = (): Buffer =>
  model([
    input('x', 'FP32', ['batch', 'frames', 'channels', 'height', 'width']),
    output('y', 'FP32', ['batch', 'frames', 'channels', 'height', 'width']),
    floats('factors', [3, 1, 1], [1, 2, 3]),
    node('Mul', ['x', 'factors'], ['y']),
  ]);

/** Looks up row `index` INT64 [batch, 1] of a table: an index beyond it fails the whole run. */
export const poisonModel = (rows = 8): Buffer =>
  model([
    input('index', 'INT64', ['batch', 1]),
    output('value', 'FP32', ['batch', 1, 2]),
    floats(
      'table',
      [rows, 2],
      Array.from({ length: 2 * rows }, (_, index) => index),
    ),
    node('Gather', ['table', 'index'], ['value'], { axis: 0 }),
  ]);

/** An output of 4-bit integers, which the runtime aborts on. */
export const int4Model = (): Buffer =>
  model([
    input('x', 'FP32', ['batch', 4]),
    output('y', 'INT4', ['batch', 4]),
    node('Cast', ['x'], ['y'], { to: 22 }),
  ]);

/** An output of bfloat16, which the binding cannot take. */
export const bfloat16Model = (): Buffer =>
  model([
    input('x', 'FP32', ['batch', 4]),
    output('y', 'BF16', ['batch', 4]),
    node('Cast', ['x'], ['y'], { to: 16 }),
  ]);

/** A tensor output `y` = `x` next to a sequence output `pieces`, which cannot be served. */
export const sequenceModel = (): Buffer =>
  model([
    input('x', 'FP32', ['batch', 4]),
    output('y', 'FP32', ['batch', 4]),
    sequenceOutput('pieces', 'FP32', ['batch', 4]),
    node('Identity', ['x'], ['y']),
    node('SequenceConstruct', ['x', 'x'], ['pieces']),
  ]);

/** `positions` INT64 [2, hits]: its shape depends on the values of `x` FP32 [batch, 4]. */
export const nonZeroModel = (): Buffer =>
  model([
    input('x', 'FP32', ['batch', 4]),
    output('positions', 'INT64', [2, 'hits']),
    node('NonZero', ['x'], ['positions']),
  ]);

/** Declares `y` [batch, 2], gives [2 batch, 2]: a signature that is not true. */
export const misnamedModel = (): Buffer =>
  model([
    input('x', 'FP32', ['batch', 4]),
    output('y', 'FP32', ['batch', 2]),
    integers('shape', [2], [-1, 2]),
    node('Reshape', ['x', 'shape'], ['y']),
  ]);

/**
 * `y` = `x` FP32 [batch, 4] after `depth` products of `size` x `size` matrices that do not change it: a run that takes
 * as long as is wanted (about 2 `depth` `size`^3 operations), whatever the batch.
 */
export function slowModel({ size = 512, depth = 8 } = {}): Buffer {
  const chain = Array.from({ length: depth }, (_, step) =>
    node('MatMul', [`h${step}`, 'w'], [`h${step + 1}`]),
  );
  return model([
    input('x', 'FP32', ['batch', 4]),
    output('y', 'FP32', ['batch', 4]),
    initializer('w', 'FP32', [size, size], randomFloats(1)(size * size, 1 / size)),
    floats('zero', [], [0]),
    node('ReduceSum', ['x'], ['seed'], { keepdims: 0 }),
    node('Mul', ['seed', 'zero'], ['nothing']),
    node('Add', ['w', 'nothing'], ['h0']),
    ...chain,
    node('ReduceMean', [`h${depth}`], ['mean'], { keepdims: 0 }),
    node('Mul', ['mean', 'zero'], ['still-nothing']),
    node('Add', ['x', 'still-nothing'], ['y']),
  ]);
}

/** `y` = `factor` times `x`, FP32 [batch, 3]; files of one size for all factors. */
export const scaleModel = (factor: number): Buffer =>
  model([
    input('x', 'FP32', ['batch', 3]),
    output('y', 'FP32', ['batch', 3]),
    floats('factor', [], [factor]),
    node('Mul', ['x', 'factor'], ['y']),
  ]);

/** `y` = `x` FP32 [batch, 4] and a random number; it takes some milliseconds. */
export function randomModel(size = 384): Buffer {
  const chain = Array.from({ length: 8 }, (_, step) => node('MatMul', [`h${step}`, 'w'], [`h${step + 1}`]));
  return model([
    input('x', 'FP32', ['batch', 4]),
    output('y', 'FP32', ['batch', 4]),
    initializer('w', 'FP32', [size, size], randomFloats(1)(size * size, 1 / size)),
    floats('zero', [], [0]),
    node('RandomNormalLike', ['x'], ['noise']),
    node('Add', ['x', 'noise'], ['noisy']),
    node('ReduceSum', ['noisy'], ['seed'], { keepdims: 0 }),
    node('Mul', ['seed', 'zero'], ['nothing']),
    node('Add', ['w', 'nothing'], ['h0']),
    ...chain,
    node('ReduceMean', ['h8'], ['mean'], { keepdims: 0 }),
    node('Mul', ['mean', 'zero'], ['still-nothing']),
    node('Add', ['noisy', 'still-nothing'], ['y']),
  ]);
}

/** Not a model at all. */
export const garbage = (): Buffer =>
  Buffer.from('this is not an ONNX model, whatever its name says\n'.repeat(4));

/** The first part of a model, as an interrupted download leaves it. */
export const truncated = (whole: Buffer = mlpModel()): Buffer =>
  whole.subarray(0, Math.floor(whole.length / 2));
