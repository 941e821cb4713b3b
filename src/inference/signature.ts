import type { Datatype } from '../tensor/datatype.ts';
import type { Dimension } from '../tensor/shape.ts';

export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly dims: readonly Dimension[];
}

/** What a model takes and gives, as read from its file. Outputs that are not tensors are left out. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * How a variant is batched. `maxBatchSize` 0: dimension 0 is not a batch axis (or was not proven to be one), and every
 * request runs alone, as it is.
 */
export interface Batching {
  readonly maxBatchSize: number;
  /** Sizes to stop at when the queue holds more, ascending. */
  readonly preferredBatchSizes: readonly number[];
  /** How long a batch that is not full may wait for more once a slot is free; milliseconds. */
  readonly maxQueueDelay: number;
  /** Entries that may wait; the next one is refused with `resource_exhausted`. */
  readonly maxQueueSize: number;
  /** Number of priorities; 0 when requests have none. */
  readonly priorityLevels: number;
  /** The priority of a request that names none; 1 is first. */
  readonly defaultPriority: number;
  /** Deadline of a request that has none, milliseconds after arrival; 0 for none. */
  readonly defaultTimeout: number;
  /** Why batching is on or off, in words for /config and the log. */
  readonly reason: string;
}

/** Whoever sets a delay or preferred sizes asks for batching by these, not for the scheduler: no other variant answers. */
export const isClassic = ({ maxQueueDelay, preferredBatchSizes }: Batching): boolean =>
  maxQueueDelay > 0 || preferredBatchSizes.length > 0;

/**
 * Along which axis inputs of different length may be padded to share a batch. The model's mask makes the padding
 * harmless: the probe has shown that answers do not change with it.
 */
export interface Padding {
  /** The symbolic dimension, always axis 1. Inputs that have it are filled up with zeros, outputs are cut back. */
  readonly dimension: string;
}
