import type { ServedVersion } from '../inference/served.ts';
import type { Signature } from '../inference/signature.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import type { ExportFolder } from './export-folder.ts';

/** Names as Hugging Face writes them. */
export const TASK_NAMES = ['text-classification', 'token-classification'] as const;

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
}

/** Pre- and post-processing of one task over one export: the body of a request in, the body of its answer out. */
export interface Task {
  /** Throws `invalid_argument` for a bad body. Scheduling parameters are already taken out of it. */
  run(body: unknown, model: TaskModel): Promise<unknown>;
}

/** Reads what a task needs of an export, once per version. Throws `failed_precondition` when a file is missing or bad. */
export type TaskFactory = (folder: ExportFolder, served: ServedVersion) => Promise<Task>;
