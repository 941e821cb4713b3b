import { InferenceError } from '../errors.ts';
import type { ServedVersion } from '../inference/served.ts';
import { embedderTasks } from './embedder.ts';
import type { ExportFolder } from './export-folder.ts';
import { imageClassifierTasks } from './image-classification.ts';
import { imageTextTasks } from './image-text/image-text.ts';
import { isTaskName, TASK_NAMES, type TaskFamily, type TaskName } from './task.ts';
import { taskOfExport } from './task-of-export.ts';
import { textClassifierTasks } from './text-classifier.ts';
import { tokenClassifierTasks } from './token-classification.ts';

/** Which models can do a task. */
const FAMILIES: Readonly<Record<TaskName, TaskFamily>> = {
  'text-classification': textClassifierTasks,
  'zero-shot-classification': textClassifierTasks,
  rerank: textClassifierTasks,
  'token-classification': tokenClassifierTasks,
  'feature-extraction': embedderTasks,
  'sentence-similarity': embedderTasks,
  embeddings: embedderTasks,
  'image-classification': imageClassifierTasks,
  'zero-shot-image-classification': imageTextTasks,
  'image-feature-extraction': imageTextTasks,
};

/** Outputs of an encoder without a head, whatever head its configuration was written for. */
const FEATURE_OUTPUTS = ['last_hidden_state', 'token_embeddings', 'sentence_embedding'];

export interface FoundTask {
  readonly name: TaskName;
  readonly family: TaskFamily;
}

/**
 * The task of an export: the one model.json names, else what its own files tell. Undefined for a model that takes only
 * tensors. Throws `failed_precondition` for a name that is no task.
 */
export async function findTask(folder: ExportFolder, served: ServedVersion): Promise<FoundTask | undefined> {
  const name =
    served.task === undefined
      ? await taskOfExport(folder, givesFeatures(served))
      : taskNamed(served.task, served);
  return name === undefined ? undefined : { name, family: FAMILIES[name] };
}

function taskNamed(name: string, { model }: ServedVersion): TaskName {
  if (isTaskName(name)) return name;
  throw new InferenceError(
    'failed_precondition',
    `model '${model}' names the task '${name}', known are ${TASK_NAMES.join(', ')}`,
  );
}

const givesFeatures = ({ variants }: ServedVersion): boolean =>
  [...variants.values()].some(({ signature }) =>
    signature.outputs.some(({ name }) => FEATURE_OUTPUTS.includes(name)),
  );
