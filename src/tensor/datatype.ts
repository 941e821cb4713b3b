/**
 * Datatypes of the Open Inference Protocol, with the typed array that holds each and the name ONNX Runtime gives it.
 * FP16 and BF16 are carried as their 16 raw bits.
 */
export type NumericData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** Elements in row-major order. BYTES is one string per element (UTF-8 at the wire), BOOL one byte per element. */
export type TensorData = NumericData | readonly string[];

interface NumericArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): NumericData;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): NumericData;
}

interface DatatypeEntry {
  /** Bytes of one element at the wire; 0 for BYTES, whose elements vary. */
  readonly size: number;
  readonly array: NumericArrayConstructor | undefined;
  /** Type name of onnxruntime-node; undefined where the binding cannot take it. */
  readonly onnx: string | undefined;
  /** Values are BigInt in the typed array. */
  readonly big: boolean;
}

const entry = (array: NumericArrayConstructor, onnx: string | undefined, big = false) => ({
  size: array.BYTES_PER_ELEMENT,
  array,
  onnx,
  big,
});

export const DATATYPES = {
  BOOL: entry(Uint8Array, 'bool'),
  UINT8: entry(Uint8Array, 'uint8'),
  UINT16: entry(Uint16Array, 'uint16'),
  UINT32: entry(Uint32Array, 'uint32'),
  UINT64: entry(BigUint64Array, 'uint64', true),
  INT8: entry(Int8Array, 'int8'),
  INT16: entry(Int16Array, 'int16'),
  INT32: entry(Int32Array, 'int32'),
  INT64: entry(BigInt64Array, 'int64', true),
  FP16: entry(Uint16Array, 'float16'),
  BF16: entry(Uint16Array, undefined),
  FP32: entry(Float32Array, 'float32'),
  FP64: entry(Float64Array, 'float64'),
  BYTES: { size: 0, array: undefined, onnx: 'string', big: false },
} as const satisfies Record<string, DatatypeEntry>;

export type Datatype = keyof typeof DATATYPES;

const BY_ONNX_TYPE: ReadonlyMap<string, Datatype> = new Map(
  Object.entries(DATATYPES).flatMap(([name, { onnx }]) =>
    onnx === undefined ? [] : [[onnx, name as Datatype]],
  ),
);

export const isDatatype = (name: string): name is Datatype => Object.hasOwn(DATATYPES, name);

/** The datatype of an ONNX Runtime type name, or undefined where the protocol has none (sequences, int4, complex). */
export const datatypeOfOnnx = (onnxType: string): Datatype | undefined => BY_ONNX_TYPE.get(onnxType);

/** A zeroed typed array of `length` elements. BYTES has none: its data is an array of strings. */
export function allocateData(datatype: Exclude<Datatype, 'BYTES'>, length: number): NumericData {
  return new DATATYPES[datatype].array(length);
}

/**
 * A typed array over `length` elements of `buffer` at `byteOffset`; a view when the offset is aligned to the element,
 * a copy otherwise (typed arrays cannot start anywhere).
 */
export function viewData(
  datatype: Exclude<Datatype, 'BYTES'>,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): NumericData {
  const { array, size } = DATATYPES[datatype];
  if (byteOffset % size === 0) return new array(buffer, byteOffset, length);
  const copy = Buffer.allocUnsafeSlow(length * size);
  copy.set(new Uint8Array(buffer, byteOffset, length * size));
  return new array(copy.buffer);
}
