import { DATATYPES, type Datatype, type NumericData, viewData } from '../tensor/datatype.ts';
import { isStrings, type Tensor, type TensorMap } from '../tensor/tensor.ts';
import type { SharedMemory } from './shared-memory.ts';

export interface PlacedInputs {
  /** Numeric data in shared memory; strings as they were. */
  readonly inputs: TensorMap;
  /** The shared memory that the inputs lie in and that has to be given back. */
  readonly buffers: ReadonlySet<SharedArrayBuffer>;
}

const ALIGNMENT = 8;

/** Leaves what already lies in the pool's shared memory where it is, and copies the rest there, all into one buffer. */
export function placeInputs(inputs: TensorMap, memory: SharedMemory): PlacedInputs {
  const buffers = new Set<SharedArrayBuffer>();
  const placed = new Map(inputs);
  let outside = 0;
  for (const { data } of inputs.values()) {
    if (isStrings(data)) continue;
    if (memory.owns(data.buffer)) buffers.add(data.buffer);
    else outside += padded(data.byteLength);
  }
  if (outside === 0) return { inputs: placed, buffers };
  const buffer = memory.take(outside);
  buffers.add(buffer);
  let offset = 0;
  for (const [name, tensor] of inputs) {
    const { data } = tensor;
    if (isStrings(data) || (data.buffer !== buffer && memory.owns(data.buffer))) continue;
    placed.set(name, copyTo(buffer, offset, tensor, data));
    offset += padded(data.byteLength);
  }
  return { inputs: placed, buffers };
}

function copyTo(buffer: SharedArrayBuffer, offset: number, tensor: Tensor, data: NumericData): Tensor {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  new Uint8Array(buffer, offset, data.byteLength).set(bytes);
  const datatype = tensor.datatype as Exclude<Datatype, 'BYTES'>;
  const count = data.byteLength / DATATYPES[datatype].size;
  return { ...tensor, data: viewData(datatype, buffer, offset, count) };
}

const padded = (byteLength: number): number => Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
