import { invalidArgument } from '../errors.ts';
import { fitsShape, formatShape } from '../tensor/shape.ts';
import { isStrings, type Tensor, type TensorMap } from '../tensor/tensor.ts';
import type { ServedVariant } from './served.ts';
import type { Signature, TensorSpec } from './signature.ts';
import type { RequestedOutput } from './types.ts';

/**
 * Checks a request against what the variant takes: every input there once, with its datatype and shape, the batch
 * dimension equal in all of them. Throws `invalid_argument` naming the input and the limit.
 * @returns the number of rows: dimension 0 where the variant is batched, else 1.
 */
export function validateInputs(inputs: TensorMap, variant: ServedVariant): number {
  const { signature, batching, model } = variant;
  for (const name of inputs.keys()) specOf(name, variant);
  const sizes = new Map<string, number>();
  let rows: number | undefined;
  for (const spec of signature.inputs) {
    const tensor = inputs.get(spec.name);
    if (tensor === undefined) throw invalidArgument(`missing input '${spec.name}' for model '${model}'`);
    validateTensor(tensor, spec);
    bindSymbols(tensor, spec, sizes);
    if (batching.maxBatchSize === 0) continue;
    const count = tensor.shape[0] ?? 1;
    if (rows !== undefined && rows !== count) {
      throw invalidArgument(
        `input '${spec.name}' has batch size ${count}, the inputs before it have ${rows}`,
      );
    }
    rows = count;
  }
  checkRows(rows ?? 1, variant);
  return rows ?? 1;
}

/** What the inputs of a request are checked against. Plain data: it crosses threads. */
export type ModelInputs = Pick<ServedVariant, 'model' | 'signature'>;

/**
 * As `validateInputs`, but only that texts are for inputs that take them: before a request crosses threads, because there
 * each of its texts is copied by itself.
 */
export function validateTexts(inputs: TensorMap, model: ModelInputs): void {
  for (const [name, tensor] of inputs) {
    if (isStrings(tensor.data)) validateDatatype(tensor, specOf(name, model));
  }
}

function specOf(name: string, { model, signature }: ModelInputs): TensorSpec {
  const spec = signature.inputs.find((each) => each.name === name);
  if (spec !== undefined) return spec;
  throw invalidArgument(
    `unexpected input '${name}' for model '${model}', expected ${names(signature.inputs)}`,
  );
}

/** Batches that a request may be cut into where the queue has places for fewer. */
const MOST_PIECES = 1024;

/**
 * More than the queue can hold would be refused by it in the end, but only after all the pieces were made; and rows
 * without an element cost a client nothing: it could ask for as many as there are numbers.
 */
function checkRows(rows: number, { batching, model }: ServedVariant): void {
  const limit = Math.max(batching.maxBatchSize, 1) * Math.max(batching.maxQueueSize, MOST_PIECES);
  if (rows > limit) {
    throw invalidArgument(
      `the request has ${rows} rows, model '${model}' takes at most ${limit} in one request`,
    );
  }
}

/** What ends a string for the runtime's binding: it would compute with what stands before, and say nothing. */
const NUL = '\0';

function validateDatatype({ datatype }: Tensor, spec: TensorSpec): void {
  if (datatype === spec.datatype) return;
  throw invalidArgument(`input '${spec.name}' has datatype ${datatype}, the model expects ${spec.datatype}`);
}

function validateTensor(tensor: Tensor, spec: TensorSpec): void {
  validateDatatype(tensor, spec);
  if (!fitsShape(tensor.shape, spec.dims)) {
    throw invalidArgument(
      `input '${spec.name}' has shape ${formatShape(tensor.shape)}, the model expects ${formatShape(spec.dims)}`,
    );
  }
  if (!isStrings(tensor.data)) return;
  const cut = tensor.data.findIndex((text) => text.includes(NUL));
  if (cut >= 0) {
    throw invalidArgument(
      `input '${spec.name}': element ${cut} holds a NUL, which the runtime does not take`,
    );
  }
}

/** Dimensions that share a symbolic name must share their size; the runtime would fail late and less clearly. */
function bindSymbols(tensor: Tensor, spec: TensorSpec, sizes: Map<string, number>): void {
  for (const [axis, dim] of spec.dims.entries()) {
    if (typeof dim !== 'string' || dim === '') continue;
    const size = tensor.shape[axis] ?? 1;
    const bound = sizes.get(dim);
    if (bound !== undefined && bound !== size) {
      throw invalidArgument(
        `input '${spec.name}' has ${size} for dimension '${dim}', another input has ${bound}`,
      );
    }
    sizes.set(dim, size);
  }
}

/** The names of the outputs to compute. Throws `invalid_argument` for an unknown or repeated one. */
export function validateOutputs(
  requested: readonly RequestedOutput[] | undefined,
  signature: Signature,
): readonly string[] | undefined {
  if (requested === undefined || requested.length === 0) return undefined;
  const seen = new Set<string>();
  for (const { name } of requested) {
    if (!signature.outputs.some((spec) => spec.name === name)) {
      throw invalidArgument(`unknown output '${name}', the model has ${names(signature.outputs)}`);
    }
    if (seen.has(name)) throw invalidArgument(`output '${name}' is requested more than once`);
    seen.add(name);
  }
  return [...seen];
}

const names = (specs: readonly TensorSpec[]): string => specs.map(({ name }) => `'${name}'`).join(', ');
