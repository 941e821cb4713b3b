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

/** `logits`, else the only output of numbers with a class axis. */
export function scoreOutput(model: TaskModel): string {
  const { outputs } = model.signature;
  if (outputs.some(({ name }) => name === 'logits')) return 'logits';
  const numbers = outputs.filter(({ datatype, dims }) => datatype.startsWith('FP') && dims.length === 2);
  const [only] = numbers;
  return numbers.length === 1 && only !== undefined ? only.name : outputNamed(model, ['logits']);
}

/** Whether an output's name says that its numbers are probabilities, as those of scikit-learn's exports do. */
export const isScored = (name: string): boolean => /prob/i.test(name);
