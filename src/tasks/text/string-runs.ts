import { InferenceError, invalidArgument } from '../../errors.ts';
import type { Signature, TensorSpec } from '../../inference/signature.ts';
import { makeTensor } from '../../tensor/tensor.ts';
import { inLanes } from '../lanes.ts';
import { isScored, scoreOutput } from '../outputs.ts';
import type { TaskModel } from '../task.ts';
import type { ClassRow, TextClassifier } from '../text-classifier.ts';
import { rowOf } from './text-runs.ts';

/** The input of a graph that does its own tokenizing: strings, [batch] or [batch, 1]. */
export const stringInput = ({ inputs }: Signature): TensorSpec | undefined =>
  inputs.length === 1
    ? inputs.find(({ datatype, dims }) => datatype === 'BYTES' && dims.length <= 2)
    : undefined;

/** The logits, or scores, of a graph that takes the text as it is. It has no limit of tokens, and no pairs. */
export const logitsOfStrings: TextClassifier['logits'] = async (inputs, _request, model) => {
  const spec = stringInput(model.signature);
  if (spec === undefined) throw notStrings(model);
  if (inputs.some(({ pair }) => pair !== undefined)) {
    throw invalidArgument(`'inputs': model '${model.name}' reads single texts, not pairs`);
  }
  const output = scoreOutput(model);
  const most = Math.max(1, model.maxBatchSize);
  const starts = Array.from({ length: Math.ceil(inputs.length / most) }, (_, run) => run * most);
  const rows: ClassRow[] = [];
  await inLanes(starts, async (start) => {
    const texts = inputs.slice(start, start + most).map(({ text }) => text);
    const shape = spec.dims.length === 1 ? [texts.length] : [texts.length, 1];
    const outputs = await model.run(new Map([[spec.name, makeTensor('BYTES', shape, texts)]]), [output]);
    const tensor = outputs.get(output);
    if (tensor === undefined) throw new InferenceError('internal', 'internal error');
    for (const row of texts.keys()) {
      rows[start + row] = { data: rowOf(tensor, row).data, scored: isScored(output) };
    }
  });
  return rows;
};

const notStrings = ({ name }: TaskModel) =>
  new InferenceError(
    'failed_precondition',
    `this variant of model '${name}' does not take strings, as others do`,
  );
