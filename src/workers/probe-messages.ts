import type { Padding, Signature } from '../inference/signature.ts';
import type { Failure } from './messages.ts';
import type { SampleOptions } from './sample-inputs.ts';
import type { SessionOptions } from './session-options.ts';

/** One file to try. A child gets the next when it has answered. */
export interface ProbeTask {
  readonly path: string;
  readonly session: SessionOptions;
}

export interface ProbeReport {
  readonly signature: Signature;
  /** Outputs that are not tensors. */
  readonly omittedOutputs: readonly string[];
  /** Whether rows of different requests may be run together. */
  readonly batchable: boolean;
  /** Why, in words. */
  readonly reason: string;
  /** What sample inputs have to be like for the model to run; undefined where none of those tried did. */
  readonly sample: SampleOptions | undefined;
  /** Where inputs may be padded; undefined where that was not shown to be harmless. */
  readonly padding: Padding | undefined;
}

export type ProbeMessage =
  | { readonly kind: 'opened' }
  | { readonly kind: 'done'; readonly report: ProbeReport }
  | { readonly kind: 'failed'; readonly failure: Failure };
