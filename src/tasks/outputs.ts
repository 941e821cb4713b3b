import { InferenceError } from '../errors.ts';
import type { TaskModel } from './task.ts';

/** The output of that name, or the only one the model has. Throws `failed_precondition` where it is not clear. */
export function outputNamed(model: TaskModel, names: readonly string[]): string {
  const { outputs } = model.signature;
  const found = names.find((name) => outputs.some((output) => output.name === name));
  const [only] = outputs;
  if (found !== undefined) return found;
  if (only !== undefined && outputs.length === 1) return only.name;
  throw new InferenceError(
    'failed_precondition',
    `model '${model.name}' has no output ${names.map((name) => `'${name}'`).join(' or ')}, which this task needs`,
  );
}

export const scoreOutput = (model: TaskModel): string => outputNamed(model, ['logits']);
