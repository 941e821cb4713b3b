import { InferenceError } from '../errors.ts';
import type { ServedVersion } from '../inference/served.ts';
import { type ExportFolder, jsonObject } from './export-folder.ts';
import { isTaskName, TASK_NAMES, type TaskName } from './task.ts';

/** How transformers names the classes of each task: the end of the first of `architectures`. */
const ARCHITECTURES: readonly (readonly [ending: string, task: TaskName])[] = [
  ['ForSequenceClassification', 'text-classification'],
  ['ForTokenClassification', 'token-classification'],
];

/**
 * The task of an export: the one model.json names, else what its own files tell. Undefined for a model that takes only
 * tensors. Throws `failed_precondition` for a name that is no task.
 */
export async function findTask(folder: ExportFolder, served: ServedVersion): Promise<TaskName | undefined> {
  if (served.task !== undefined) {
    if (isTaskName(served.task)) return served.task;
    throw new InferenceError(
      'failed_precondition',
      `model.json of model '${served.model}' names task '${served.task}', known are ${TASK_NAMES.join(', ')}`,
    );
  }
  const config = await jsonObject(folder, 'config.json');
  const architectures = config['architectures'];
  const architecture: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  if (typeof architecture !== 'string') return undefined;
  return ARCHITECTURES.find(([ending]) => architecture.endsWith(ending))?.[1];
}
