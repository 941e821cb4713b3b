import { invalidArgument } from '../errors.ts';
import type { NumericData } from '../tensor/datatype.ts';
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
    const values = data.subarray(row * classes, (row + 1) * classes);
    for (const index of largest(values, top)) {
      const label = labels?.[index];
      texts.push(`${values[index]}:${index}${label === undefined ? '' : `:${label}`}`);
    }
  }
  return makeTensor('BYTES', [...batch, top], texts);
}

/** So many are picked out in one pass: sorting a vocabulary for three of its words takes a hundred times as long. */
const PICKED = 64;

/**
 * The places of the `count` largest, largest first, of equal ones the first. Values are compared as they are: a 64-bit
 * integer made a number could lose the digits that tell which is larger.
 */
function largest(values: NumericData, count: number): number[] {
  const compare = (a: number, b: number) => descending(values[a], values[b]);
  if (count > PICKED) return Array.from(values.keys()).sort(compare).slice(0, count);
  const best: number[] = [];
  for (let index = 0; index < values.length; index++) {
    let place = best.length;
    while (place > 0 && compare(index, best[place - 1] ?? 0) < 0) place--;
    if (place === count) continue;
    best.splice(place, 0, index);
    if (best.length > count) best.pop();
  }
  return best;
}

/** What is no number comes last. */
function descending(a: number | bigint = Number.NaN, b: number | bigint = Number.NaN): number {
  if (a > b) return -1;
  if (a < b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}
