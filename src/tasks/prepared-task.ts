import { InferenceError } from '../errors.ts';
import type { ServedVersion } from '../inference/served.ts';
import { openExportFolder } from './export-folder.ts';
import { findTask } from './find-task.ts';
import type { Task, TaskFactory, TaskName } from './task.ts';
import { createTextClassification } from './text-classification.ts';
import { createTokenClassification } from './token-classification.ts';

const FACTORIES: Readonly<Record<TaskName, TaskFactory>> = {
  'text-classification': createTextClassification,
  'token-classification': createTokenClassification,
};

/** The task of a version, ready to run. */
export interface PreparedTask {
  readonly name: TaskName;
  readonly task: Task;
}

/** Lives as long as the version object does: a reload makes a new one, whose files are read anew. */
const prepared = new WeakMap<ServedVersion, Promise<PreparedTask | undefined>>();

/**
 * Reads the tokenizer, labels and settings of a version, once; call it when the version is loaded, so that its first
 * request does not wait for the disk. Resolves to undefined for a model without a task. Rejects with
 * `failed_precondition` for an export whose files do not make one; tensors are still served then.
 */
export function prepareTask(served: ServedVersion): Promise<PreparedTask | undefined> {
  let preparing = prepared.get(served);
  if (preparing === undefined) {
    preparing = prepare(served);
    prepared.set(served, preparing);
  }
  return preparing;
}

async function prepare(served: ServedVersion): Promise<PreparedTask | undefined> {
  const folder = openExportFolder(served.model, served.folder);
  const name = await findTask(folder, served);
  return name === undefined ? undefined : { name, task: await FACTORIES[name](folder, served) };
}

/** As `prepareTask`, but a model without a task is an error: `unimplemented`. */
export async function taskOf(served: ServedVersion): Promise<PreparedTask> {
  const found = await prepareTask(served);
  if (found !== undefined) return found;
  throw new InferenceError(
    'unimplemented',
    `model '${served.model}' has no task: its files do not name one, and model.json has no 'task'; send it tensors`,
  );
}
