import type { OutputRow } from './text-runs.ts';

/** How the vectors of a text's tokens become one; the names and formulas are those of sentence-transformers. */
export const POOLINGS = ['cls', 'max', 'mean', 'mean_sqrt_len', 'weighted_mean', 'last_token'] as const;

export type Pooling = (typeof POOLINGS)[number];

/** Pools the rows of one text, [sequence, width]; padding takes no part. Several ways make a vector as much longer. */
export function pool(row: OutputRow, ways: readonly Pooling[]): Float32Array {
  const width = row.shape[1] ?? 0;
  const pooled = new Float32Array(width * ways.length);
  for (const [index, way] of ways.entries()) pooled.set(poolOneWay(row, width, way), index * width);
  return pooled;
}

function poolOneWay({ data, start, length }: OutputRow, width: number, way: Pooling): Float32Array {
  const token = (position: number) =>
    data.subarray((start + position) * width, (start + position + 1) * width);
  if (way === 'cls') return token(0);
  if (way === 'last_token') return token(Math.max(0, length - 1));
  const pooled = new Float64Array(width).fill(way === 'max' ? Number.NEGATIVE_INFINITY : 0);
  let weights = 0;
  for (let position = 0; position < length; position++) {
    const weight = way === 'weighted_mean' ? position + 1 : 1;
    weights += weight;
    for (const [column, value] of token(position).entries()) {
      const sum = pooled[column] ?? 0;
      pooled[column] = way === 'max' ? Math.max(sum, value) : sum + weight * value;
    }
  }
  const divisor = way === 'max' ? 1 : way === 'mean_sqrt_len' ? Math.sqrt(weights) : weights;
  return Float32Array.from(pooled, (value) => value / Math.max(divisor, 1e-9));
}

/** The vector at length 1; one of zeros stays as it is. */
export function normalized(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (const [index, value] of a.entries()) sum += value * (b[index] ?? 0);
  return sum;
}

export const cosine = (a: Float32Array, b: Float32Array): number => dot(normalized(a), normalized(b));
