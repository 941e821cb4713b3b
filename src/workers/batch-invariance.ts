import type { Signature } from '../inference/signature.ts';
import type { TensorData } from '../tensor/datatype.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { Tensor, TensorMap } from '../tensor/tensor.ts';

/** Rows that are run together and then one by one. */
export const PROBE_ROWS = 4;

/** Kernels are chosen by shape, so that rounding differs a little between batch sizes; float16 keeps 3 digits. */
const TOLERANCE = { FP32: [1e-3, 1e-4], FP64: [1e-3, 1e-4], FP16: [1e-2, 2e-3] } as const;

/**
 * Whether dimension 0 can be a batch axis by the names in the signature: its size varies in every input and output,
 * and where it is named, the name is the same. Exporters that number their unknown dimensions have not named them.
 * @returns why it cannot, or undefined
 */
export function noBatchAxis({ inputs, outputs }: Signature): string | undefined {
  let name: string | undefined;
  for (const [kind, specs] of [
    ['input', inputs],
    ['output', outputs],
  ] as const) {
    for (const spec of specs) {
      const [first] = spec.dims;
      if (first === undefined) return `${kind} '${spec.name}' is a scalar`;
      if (typeof first === 'number') return `dimension 0 of ${kind} '${spec.name}' is fixed at ${first}`;
      if (first === '' || /^unk__\d+$/.test(first)) continue;
      if (name !== undefined && name !== first) {
        return `dimension 0 of ${kind} '${spec.name}' is '${first}', elsewhere it is '${name}'`;
      }
      name = first;
    }
  }
  return inputs.length === 0 ? 'it has no inputs' : undefined;
}

/**
 * Runs rows together and alone, and compares. A model that passes may be batched: what a request is answered does not
 * depend on who else is in its batch.
 * @param inputs of `PROBE_ROWS` rows
 * @returns how a row differs, or undefined
 */
export function rowsDiffer(inputs: TensorMap, run: (inputs: TensorMap) => TensorMap): string | undefined {
  const together = run(inputs);
  for (let row = 0; row < PROBE_ROWS; row++) {
    const alone = run(mapTensors(inputs, (tensor) => takeRow(tensor, row)));
    for (const [name, whole] of together) {
      const single = alone.get(name);
      if (whole.shape[0] !== PROBE_ROWS || single?.shape[0] !== 1) {
        return `output '${name}' has shape ${formatShape(whole.shape)} for ${PROBE_ROWS} rows`;
      }
      const difference = compare(takeRow(whole, row), single);
      if (difference !== undefined) {
        return `output '${name}' of a row changes with the rows around it (${difference})`;
      }
    }
  }
  return undefined;
}

const mapTensors = (tensors: TensorMap, change: (tensor: Tensor) => Tensor): TensorMap =>
  new Map([...tensors].map(([name, tensor]) => [name, change(tensor)]));

function takeRow(tensor: Tensor, row: number): Tensor {
  const size = tensor.data.length / (tensor.shape[0] ?? 1);
  const data = tensor.data.slice(row * size, (row + 1) * size) as TensorData;
  return { datatype: tensor.datatype, shape: [1, ...tensor.shape.slice(1)], data };
}

/** How two answers differ by more than rounding, or undefined. */
export function compare(expected: Tensor, actual: Tensor): string | undefined {
  if (!sameShape(expected.shape, actual.shape)) {
    return `shape ${formatShape(expected.shape)} in a batch, ${formatShape(actual.shape)} alone`;
  }
  const { datatype } = expected;
  const tolerance = Object.hasOwn(TOLERANCE, datatype)
    ? TOLERANCE[datatype as keyof typeof TOLERANCE]
    : undefined;
  for (let index = 0; index < expected.data.length; index++) {
    const a = numberAt(expected, index);
    const b = numberAt(actual, index);
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (tolerance === undefined || typeof a !== 'number' || typeof b !== 'number')
      return `${a} in a batch, ${b} alone`;
    const [relative, absolute] = tolerance;
    if (!(Math.abs(a - b) <= absolute + relative * Math.abs(b))) {
      return `${a.toPrecision(6)} in a batch, ${b.toPrecision(6)} alone`;
    }
  }
  return undefined;
}

function numberAt({ datatype, data }: Tensor, index: number): number | bigint | string | undefined {
  if (datatype !== 'FP16') return data[index];
  return new Float16Array(Uint16Array.of(Number(data[index])).buffer)[0];
}
