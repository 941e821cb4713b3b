import type { ServedVersion } from '../inference/served.ts';
import type { Signature } from '../inference/signature.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import type { ExportFolder } from './export-folder.ts';

/** Names as Hugging Face writes them; `rerank` and `embeddings` speak the forms of other servers. */
export const TASK_NAMES = [
  'text-classification',
  'zero-shot-classification',
  'rerank',
  'token-classification',
  'feature-extraction',
  'sentence-similarity',
  'embeddings',
  'image-classification',
  'zero-shot-image-classification',
  'image-feature-extraction',
] as const;

export type TaskName = (typeof TASK_NAMES)[number];

export const isTaskName = (text: string): text is TaskName => TASK_NAMES.some((name) => name === text);

/** The model behind one task request: how to run it, and what it takes. */
export interface TaskModel {
  readonly name: string;
  readonly signature: Signature;
  /** Rows that one run may carry; 0 where dimension 0 is not a batch axis. */
  readonly maxBatchSize: number;
  /** Runs the variant that answers this request. Rejects with an InferenceError. */
  run(inputs: TensorMap, outputs: readonly string[]): Promise<TensorMap>;
  /** One of the graphs of a model that has its towers in graphs of their own; undefined where it is one graph. */
  tower(name: Tower): TaskModel | undefined;
}

export type Tower = 'text' | 'vision';

/** Pre- and post-processing of one task over one export: the body of a request in, the body of its answer out. */
export interface Task {
  /** Throws `invalid_argument` for a bad body. Scheduling parameters are already taken out of it. */
  run(body: unknown, model: TaskModel): Promise<unknown>;
}

/** What an export can do; the first is what it does when a request does not say. */
export type TaskSet = ReadonlyMap<TaskName, Task>;

/** Reads what the tasks of an export need, once per version. Throws `failed_precondition` for a file missing or bad. */
export type TaskFamily = (folder: ExportFolder, served: ServedVersion) => Promise<TaskSet>;
