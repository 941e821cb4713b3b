import { type Datatype, type NumericData, viewData } from '../tensor/datatype.ts';
import { elementCount, type Shape } from '../tensor/shape.ts';
import { isStrings, type Tensor, type TensorMap } from '../tensor/tensor.ts';

/** A tensor on its way to another thread: where its data begins among the bytes that go along, or its strings. */
export interface PackedTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly data: number | readonly string[];
}

/** Any element may begin at a multiple of this. */
const ALIGNMENT = 8;

/** The data of the tensors of one message, one after the other. */
export class Payload {
  readonly #parts: { readonly data: NumericData; readonly offset: number }[] = [];
  #length = 0;

  /** Reads `tensors` only in `take`: they must not change until then. */
  pack(tensors: TensorMap): PackedTensor[] {
    return Array.from(tensors, ([name, { datatype, shape, data }]) => ({
      name,
      datatype,
      shape,
      data: isStrings(data) ? data : this.#add(data),
    }));
  }

  /** Everything that was packed since the last call: the one copy. */
  take(): ArrayBuffer {
    const bytes = new Uint8Array(this.#length);
    for (const { data, offset } of this.#parts.splice(0)) {
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    }
    this.#length = 0;
    return bytes.buffer;
  }

  #add(data: NumericData): number {
    const offset = this.#length;
    this.#parts.push({ data, offset });
    this.#length = Math.ceil((offset + data.byteLength) / ALIGNMENT) * ALIGNMENT;
    return offset;
  }
}

/** The tensors again, as views of the bytes that came along. */
export function unpack(packed: readonly PackedTensor[], bytes: ArrayBuffer): TensorMap {
  const tensors = new Map<string, Tensor>();
  for (const { name, datatype, shape, data } of packed) {
    const values =
      typeof data === 'number' && datatype !== 'BYTES'
        ? viewData(datatype, bytes, data, elementCount(shape))
        : (data as readonly string[]);
    tensors.set(name, { datatype, shape, data: values });
  }
  return tensors;
}
