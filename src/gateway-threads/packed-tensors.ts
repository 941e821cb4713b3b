import { collectBuffers, LONG } from '../gateway/buffer-garbage.ts';
import { type Datatype, type NumericData, type TensorData, viewData } from '../tensor/datatype.ts';
import { elementCount, type Shape } from '../tensor/shape.ts';
import { isStrings, type Tensor, type TensorMap } from '../tensor/tensor.ts';

/**
 * A tensor on its way to another thread: where its data begins among the bytes that go along, its own bytes where they are
 * many, or its strings.
 */
export interface PackedTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly data: number | ArrayBuffer | readonly string[];
}

/** Any element may begin at a multiple of this. */
const ALIGNMENT = 8;

/** The data of the tensors of one message, one after the other but the long ones: those keep nobody else's in memory. */
export class Payload {
  readonly #parts: { readonly data: NumericData; readonly offset: number }[] = [];
  #long: ArrayBuffer[] = [];
  #length = 0;

  /** Some are read in `take` only: `tensors` must not change until then. */
  pack(tensors: TensorMap): PackedTensor[] {
    return Array.from(tensors, ([name, { datatype, shape, data }]) => ({
      name,
      datatype,
      shape,
      data: isStrings(data) ? data : this.#add(data),
    }));
  }

  /** What goes along with everything that was packed since the last call, and what of it is to be moved. */
  take(): { readonly bytes: ArrayBuffer; readonly moved: readonly ArrayBuffer[] } {
    const bytes = new Uint8Array(this.#length);
    for (const { data, offset } of this.#parts.splice(0)) bytes.set(bytesOf(data), offset);
    const moved = [bytes.buffer, ...this.#long];
    this.#long = [];
    this.#length = 0;
    return { bytes: bytes.buffer, moved };
  }

  #add(data: NumericData): number | ArrayBuffer {
    if (data.byteLength >= LONG) {
      const { buffer } = new Uint8Array(bytesOf(data));
      this.#long.push(buffer);
      return buffer;
    }
    const offset = this.#length;
    this.#parts.push({ data, offset });
    this.#length = Math.ceil((offset + data.byteLength) / ALIGNMENT) * ALIGNMENT;
    return offset;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NumericData): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** The tensors again, as views of the bytes that came along. */
export function unpack(packed: readonly PackedTensor[], bytes: ArrayBuffer): TensorMap {
  const tensors = new Map<string, Tensor>();
  for (const { name, datatype, shape, data } of packed) {
    tensors.set(name, { datatype, shape, data: unpackData(datatype, shape, data, bytes) });
  }
  return tensors;
}

function unpackData(
  datatype: Datatype,
  shape: Shape,
  data: PackedTensor['data'],
  bytes: ArrayBuffer,
): TensorData {
  if (datatype === 'BYTES') return data as readonly string[];
  const length = elementCount(shape);
  if (typeof data === 'number') return viewData(datatype, bytes, data, length);
  const own = data as ArrayBuffer;
  collectBuffers(own.byteLength);
  return viewData(datatype, own, 0, length);
}
