import { invalidArgument } from '../errors.ts';
import { elementCount } from '../tensor/shape.ts';
import { isStrings, makeTensor, type Tensor } from '../tensor/tensor.ts';

/**
 * Triton's classification extension: the top `count` classes of each row, best first, as BYTES "value:index[:label]" of
 * shape [rows, count]. A row is whatever dimension 0 has one of, be it [1000] or [1000, 1, 1]; a tensor of rank 1 is a
 * single row.
 */
export function classify(tensor: Tensor, count: number, labels: readonly string[] | undefined): Tensor {
  const { data, shape, datatype } = tensor;
  if (isStrings(data) || shape.length === 0 || datatype === 'FP16' || datatype === 'BF16') {
    throw invalidArgument(
      `classification needs a numeric output of rank 1 or more, this one is ${datatype} of rank ${shape.length}`,
    );
  }
  const batch = shape.length === 1 ? [] : shape.slice(0, 1);
  const classes = elementCount(shape.slice(batch.length));
  const top = Math.min(count, classes);
  const rows = classes === 0 ? 0 : data.length / classes;
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    // As they are: a 64-bit integer made a number could lose the digits that tell which is larger.
    const values: (number | bigint)[] = [...data.subarray(row * classes, (row + 1) * classes)];
    const order = Array.from(values.keys()).sort((a, b) => descending(values[a], values[b]));
    for (const index of order.slice(0, top)) {
      const label = labels?.[index];
      texts.push(`${values[index]}:${index}${label === undefined ? '' : `:${label}`}`);
    }
  }
  return makeTensor('BYTES', [...batch, top], texts);
}

/** What is no number comes last. */
function descending(a: number | bigint = Number.NaN, b: number | bigint = Number.NaN): number {
  if (a > b) return -1;
  if (a < b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}
