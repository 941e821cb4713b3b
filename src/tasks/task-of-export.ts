import { type ExportFolder, jsonObject, textField } from './export-folder.ts';
import { isTaskName, type TaskName } from './task.ts';

/** How transformers names the models of each task: the end of the first of `architectures`. */
const ARCHITECTURES: readonly (readonly [ending: string, task: TaskName])[] = [
  ['ForSequenceClassification', 'text-classification'],
  ['ForTokenClassification', 'token-classification'],
  ['ForImageClassification', 'image-classification'],
  ['CLIPModel', 'zero-shot-image-classification'],
];

/**
 * The task that the files of an export tell; undefined where they tell none. `givesFeatures`: a graph of it has an
 * output of token features, which makes it an embedder. Throws `failed_precondition` for a file that is not JSON.
 */
export async function taskOfExport(
  folder: ExportFolder,
  givesFeatures = false,
): Promise<TaskName | undefined> {
  const config = await jsonObject(folder, 'config.json');
  const architecture = Array.isArray(config['architectures']) ? String(config['architectures'][0]) : '';
  const found = ARCHITECTURES.find(([ending]) => architecture.endsWith(ending))?.[1];
  if (found !== undefined) return found;
  const pipeline = textField(config, 'pipeline_tag') ?? '';
  if (isTaskName(pipeline)) return pipeline;
  const embeds = givesFeatures || (await folder.json('modules.json')) !== undefined;
  const readsText = (await folder.text('tokenizer.json')) !== undefined;
  return embeds && readsText ? 'feature-extraction' : undefined;
}
