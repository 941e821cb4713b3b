import type { Signature } from '../inference/signature.ts';
import type { TensorMap } from '../tensor/tensor.ts';

/** What the queue has to know of a request's inputs. */
export interface BatchShape {
  /** Size of the batch dimension, equal in all inputs; 1 where the run is alone. */
  readonly rows: number;
  /** Size of axis 1 of the inputs that are padded, equal in all of them; 1 where none is. */
  readonly length: number;
  /**
   * Entries of the same key may run together: same datatypes, inner shapes and requested outputs. Undefined for what
   * must run alone and as it is.
   */
  readonly key: string | undefined;
}

const ALONE: BatchShape = { rows: 1, length: 1, key: undefined };

/**
 * Tells what a request may share a batch with. Alone run: every request of a model without a batch axis
 * (`maxBatchSize` 0), an empty batch, and inputs that do not fit the signature, whose error then is theirs only.
 * @param padded inputs whose axis 1 may differ within a batch
 */
export function batchShape(
  inputs: TensorMap,
  outputs: readonly string[] | undefined,
  signature: Signature,
  maxBatchSize: number,
  padded?: ReadonlySet<string>,
): BatchShape {
  if (maxBatchSize === 0 || inputs.size !== signature.inputs.length) return ALONE;
  let rows: number | undefined;
  let length = 1;
  let key = '';
  for (const { name } of signature.inputs) {
    const tensor = inputs.get(name);
    const count = tensor?.shape[0];
    if (tensor === undefined || count === undefined || count !== (rows ?? count)) return ALONE;
    rows = count;
    key += tensor.datatype;
    const padding = padded?.has(name) ?? false;
    if (padding) length = tensor.shape[1] ?? 1;
    for (let axis = padding ? 2 : 1; axis < tensor.shape.length; axis++) key += `,${tensor.shape[axis]}`;
    key += ';';
  }
  if (rows === undefined) return ALONE;
  if (rows === 0) return { rows, length, key: undefined };
  return { rows, length, key: outputs === undefined ? key : key + JSON.stringify(outputs.toSorted()) };
}
