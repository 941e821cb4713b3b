/** A shape is a list of dimensions; rank 0 is a scalar (one element), any dimension 0 makes the tensor empty. */
export type Shape = readonly number[];

/**
 * A dimension of a signature: its size, or the symbolic name the model gives it ("batch"); the empty string where the
 * model leaves it unnamed. Dimensions with the same name have the same size in one run.
 */
export type Dimension = number | string;

/** Number of elements; 1 for a scalar. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}

/** The shape of one row: all dimensions but the first. */
export const innerShape = (shape: Shape): Shape => shape.slice(1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dimension, index) => dimension === b[index]);

/** Whether a concrete shape fits a signature's; symbolic dimensions fit anything. */
export const fitsShape = (shape: Shape, dims: readonly Dimension[]): boolean =>
  shape.length === dims.length && dims.every((dim, index) => typeof dim === 'string' || dim === shape[index]);

/** A signature's dimensions as the protocol writes them: -1 where the size varies. */
export const wireShape = (dims: readonly Dimension[]): number[] =>
  dims.map((dim) => (typeof dim === 'string' ? -1 : dim));

export const formatShape = (dims: readonly Dimension[]): string =>
  `[${dims.map((dim) => (dim === '' ? -1 : dim)).join(',')}]`;
