import { InferenceError } from '../errors.ts';
import type { ServedVersion } from '../inference/served.ts';
import { openExportFolder } from './export-folder.ts';
import { findTask } from './find-task.ts';
import { isTaskName, type Task, type TaskName, type TaskSet } from './task.ts';

/** The tasks of a version, ready to run. */
export interface PreparedTasks {
  /** What a request is answered with that names no task and has the form of no other. */
  readonly main: TaskName;
  readonly tasks: TaskSet;
}

/** Lives as long as the version object does: a reload makes a new one, whose files are read anew. */
const prepared = new WeakMap<ServedVersion, Promise<PreparedTasks | undefined>>();

/**
 * Reads the tokenizer, labels and settings of a version, once; call it when the version is loaded, so that its first
 * request does not wait for the disk. Resolves to undefined for a model without a task. Rejects with
 * `failed_precondition` for an export whose files do not make one; tensors are still served then.
 */
export function prepareTask(served: ServedVersion): Promise<PreparedTasks | undefined> {
  let preparing = prepared.get(served);
  if (preparing === undefined) {
    preparing = prepare(served);
    prepared.set(served, preparing);
  }
  return preparing;
}

async function prepare(served: ServedVersion): Promise<PreparedTasks | undefined> {
  const folder = openExportFolder(served.model, served.folder);
  const found = await findTask(folder, served);
  if (found === undefined) return undefined;
  const tasks = await found.family(folder, served);
  if (tasks.has(found.name)) return { main: found.name, tasks };
  throw new InferenceError(
    'failed_precondition',
    `model '${served.model}' cannot do the task '${found.name}', its files make it ${[...tasks.keys()].join(', ')}`,
  );
}

/**
 * The task that answers a request: the one its endpoint names, else the one its body has the form of.
 * Throws `unimplemented` for a model without a task, or without that one.
 */
export async function taskFor(
  served: ServedVersion,
  wanted: string | undefined,
  body: unknown,
): Promise<Task> {
  const found = await prepareTask(served);
  if (found === undefined) {
    throw new InferenceError(
      'unimplemented',
      `model '${served.model}' has no task: its files do not name one, and model.json has no 'task'; send it tensors`,
    );
  }
  const name = wanted ?? taskByForm(body, found);
  const task = isTaskName(name) ? found.tasks.get(name) : undefined;
  if (task !== undefined) return task;
  throw new InferenceError(
    'unimplemented',
    `model '${served.model}' does not do '${name}', it does ${[...found.tasks.keys()].join(', ')}`,
  );
}

/** Some bodies are of one task only: the same endpoint answers them whatever the model's main task is. */
function taskByForm(body: unknown, { main, tasks }: PreparedTasks): TaskName {
  const labelled = has(field(body, 'parameters'), 'candidate_labels');
  const forms: readonly (readonly [TaskName, boolean])[] = [
    ['rerank', has(body, 'query') && has(body, 'texts')],
    ['sentence-similarity', has(field(body, 'inputs'), 'source_sentence')],
    ['zero-shot-classification', labelled],
    ['zero-shot-image-classification', labelled],
    ['image-feature-extraction', body instanceof Uint8Array || has(field(body, 'inputs'), 'image')],
  ];
  return forms.find(([name, fits]) => fits && tasks.has(name))?.[0] ?? main;
}

const has = (value: unknown, name: string): boolean => field(value, name) !== undefined;

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
