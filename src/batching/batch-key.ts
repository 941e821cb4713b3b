import type { Signature } from '../inference/signature.ts';
import type { TensorMap } from '../tensor/tensor.ts';

/** What the queue has to know of a request's inputs. */
export interface BatchShape {
  /** Size of the batch dimension, equal in all inputs; 1 where the run is alone. */
  readonly rows: number;
  /**
   * Entries of the same key may run together: same datatypes, inner shapes and requested outputs. Undefined for what
   * must run alone and as it is.
   */
  readonly key: string | undefined;
}

const ALONE: BatchShape = { rows: 1, key: undefined };

/**
 * Tells what a request may share a batch with. Alone run: every request of a model without a batch axis
 * (`maxBatchSize` 0), an empty batch, and inputs that do not fit the signature, whose error then is theirs only.
 */
export function batchShape(
  inputs: TensorMap,
  outputs: readonly string[] | undefined,
  signature: Signature,
  maxBatchSize: number,
): BatchShape {
  if (maxBatchSize === 0 || inputs.size !== signature.inputs.length) return ALONE;
  let rows: number | undefined;
  let key = '';
  for (const { name } of signature.inputs) {
    const tensor = inputs.get(name);
    const count = tensor?.shape[0];
    if (tensor === undefined || count === undefined || count !== (rows ?? count)) return ALONE;
    rows = count;
    key += tensor.datatype;
    for (let axis = 1; axis < tensor.shape.length; axis++) key += `,${tensor.shape[axis]}`;
    key += ';';
  }
  if (rows === undefined) return ALONE;
  if (rows === 0) return { rows, key: undefined };
  return { rows, key: outputs === undefined ? key : key + JSON.stringify(outputs.toSorted()) };
}
