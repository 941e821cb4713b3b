import { InferenceError } from '../../errors.ts';
import { isStrings, type Tensor } from '../../tensor/tensor.ts';
import { inLanes } from '../lanes.ts';
import type { TaskModel } from '../task.ts';
import type { TextEncoder } from './text-encoder.ts';
import { paddedLength, textInputs, textTensors } from './text-rows.ts';
import type { Encoded } from './text-tokenizer.ts';

/** One row of an output: its numbers, and the shape they have without the batch axis. */
export interface OutputRow {
  readonly data: Float32Array;
  readonly shape: readonly number[];
  /** Column of the row's first token, and the tokens it has: the rest of a [sequence, ...] output is padding. */
  readonly start: number;
  readonly length: number;
}

/**
 * Runs encoded texts, one row each, and gives the rows of `output` in their order. Texts of one padded length go
 * together, up to the batch the model takes: nothing is padded to the longest text of the list, and the batcher still
 * joins each run with those of other requests.
 */
export async function runTexts(
  encoded: readonly Encoded[],
  encoder: TextEncoder,
  model: TaskModel,
  output: string,
): Promise<OutputRow[]> {
  const specs = textInputs(model.signature, model.name);
  const runs = groupByLength(encoded, model.maxBatchSize, (length) => paddedLength(length, specs, encoder));
  const rows: OutputRow[] = [];
  await inLanes(runs, async ({ length, indices, members }) => {
    const outputs = await model.run(textTensors(members, length, specs, encoder), [output]);
    const tensor = outputs.get(output);
    if (tensor === undefined) throw new InferenceError('internal', 'internal error');
    for (const [row, index] of indices.entries()) {
      const tokens = members[row]?.ids.length ?? 0;
      const start = encoder.padLeft ? length - tokens : 0;
      rows[index] = { ...rowOf(tensor, row), start, length: tokens };
    }
  });
  return rows;
}

interface Run {
  readonly length: number;
  readonly indices: number[];
  readonly members: Encoded[];
}

function groupByLength(
  encoded: readonly Encoded[],
  maxBatchSize: number,
  padded: (length: number) => number,
): Run[] {
  const most = Math.max(1, maxBatchSize);
  const runs: Run[] = [];
  const open = new Map<number, Run>();
  for (const [index, each] of encoded.entries()) {
    const length = padded(each.ids.length);
    let run = open.get(length);
    if (run === undefined || run.members.length === most) {
      run = { length, indices: [], members: [] };
      open.set(length, run);
      runs.push(run);
    }
    run.indices.push(index);
    run.members.push(each);
  }
  return runs;
}

/** One row of a float output. Throws `failed_precondition` for a datatype that tasks cannot read. */
export function rowOf({ data, shape, datatype }: Tensor, row: number) {
  if (isStrings(data) || (datatype !== 'FP32' && datatype !== 'FP64' && datatype !== 'FP16')) {
    throw new InferenceError(
      'failed_precondition',
      `the model's output has datatype ${datatype}, not a float`,
    );
  }
  const inner = shape.slice(1);
  const size = inner.reduce((product, dimension) => product * dimension, 1);
  const part = data.subarray(row * size, (row + 1) * size);
  return { data: toFloat32(part, datatype), shape: inner };
}

function toFloat32(
  part: ArrayLike<number | bigint> & { buffer: ArrayBufferLike; byteOffset: number },
  datatype: string,
) {
  if (part instanceof Float32Array) return part;
  if (datatype !== 'FP16') return Float32Array.from(part, Number);
  return Float32Array.from(new Float16Array(part.buffer, part.byteOffset, part.length));
}
