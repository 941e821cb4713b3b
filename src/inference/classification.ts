import { invalidArgument } from '../errors.ts';
import { isStrings, makeTensor, type Tensor } from '../tensor/tensor.ts';

/**
 * Triton's classification extension: the top `count` classes of each row, best first, as BYTES "value:index[:label]".
 * The last dimension holds the classes; a tensor of rank 1 is a single row.
 */
export function classify(tensor: Tensor, count: number, labels: readonly string[] | undefined): Tensor {
  const { data, shape, datatype } = tensor;
  if (isStrings(data) || shape.length === 0 || datatype === 'FP16' || datatype === 'BF16') {
    throw invalidArgument(
      `classification needs a numeric output of rank 1 or more, this one is ${datatype} of rank ${shape.length}`,
    );
  }
  const classes = shape.at(-1) ?? 0;
  const top = Math.min(count, classes);
  const rows = classes === 0 ? 0 : data.length / classes;
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const values = Array.from({ length: classes }, (_, index) => Number(data[row * classes + index]));
    const order = values.map((_, index) => index).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
    for (const index of order.slice(0, top)) {
      const label = labels?.[index];
      texts.push(`${values[index]}:${index}${label === undefined ? '' : `:${label}`}`);
    }
  }
  return makeTensor('BYTES', [...shape.slice(0, -1), top], texts);
}
