import { isUtf8 } from 'node:buffer';
import { invalidArgument } from '../errors.ts';
import type { Signature, TensorSpec } from '../inference/signature.ts';
import { DATATYPES, type Datatype } from '../tensor/datatype.ts';
import { type Dimension, elementCount, formatShape, type Shape } from '../tensor/shape.ts';
import { makeTensor, type Tensor } from '../tensor/tensor.ts';
import { quote } from './quote.ts';
import { decodeRawTensor } from './raw-tensor.ts';

/**
 * The binary tensor data extension: a body is a JSON header, whose size `Inference-Header-Content-Length` gives, and
 * after it the bytes of each binary tensor, in the order of the tensors, without padding.
 */
export const HEADER_LENGTH = 'inference-header-content-length';

/** The value of the header. Throws `invalid_argument` where it is not a plain decimal number. */
export function parseHeaderLength(text: string): number {
  const length = /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
  if (length !== undefined) return length;
  throw invalidArgument(
    `header Inference-Header-Content-Length is ${quote(text)}, it must be a number of bytes`,
  );
}

/** The JSON of a body and the bytes after it. Throws `invalid_argument` where the header is longer than the body. */
export function splitBody(
  body: Uint8Array,
  headerLength: number,
): { json: Uint8Array; binary: BinaryReader } {
  if (headerLength > body.byteLength) {
    throw invalidArgument(
      `header Inference-Header-Content-Length is ${headerLength}, the request body has only ${body.byteLength} bytes`,
    );
  }
  return {
    json: body.subarray(0, headerLength),
    binary: new BinaryReader(body.subarray(headerLength)),
  };
}

/** A byte order mark is part of a client's text like any other character. */
const KEEP_BOM = { ignoreBOM: true };

/** Hands out the binary data piece by piece, and knows what is left. */
export class BinaryReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `size` bytes, as a view; they belong to input `name`. */
  take(name: string, size: number): Uint8Array {
    const left = this.#bytes.byteLength - this.#offset;
    if (size > left) {
      throw invalidArgument(
        `unexpected size for input ${quote(name)}: binary_data_size is ${size}, the request body has ${left} bytes left`,
      );
    }
    this.#offset += size;
    return this.#bytes.subarray(this.#offset - size, this.#offset);
  }

  /** Throws `invalid_argument` unless every byte has been handed out. */
  finish(): void {
    const left = this.#bytes.byteLength - this.#offset;
    if (left > 0) {
      throw invalidArgument(`unexpected additional input data: ${left} bytes after the last binary input`);
    }
  }
}

/**
 * A raw request (header length 0): the body is the data of the model's only input. The batch dimension is 1, and one
 * other dimension may vary: it follows from the size. A BYTES input takes one element, the body itself.
 */
export function decodeRawRequest(
  body: Uint8Array,
  signature: Signature,
  batched: boolean,
): { readonly name: string; readonly tensor: Tensor } {
  const [spec, ...others] = signature.inputs;
  if (spec === undefined || others.length > 0) {
    throw invalidArgument(
      `a raw request needs a model with one input, this one has ${signature.inputs.length}`,
    );
  }
  const { name, datatype } = spec;
  if (datatype !== 'BYTES') {
    const shape = rawShape(spec, datatype, batched, body.byteLength);
    return { name, tensor: decodeRawTensor(name, datatype, shape, body) };
  }
  const shape = spec.dims.map((dim) => (typeof dim === 'string' ? 1 : dim));
  if (elementCount(shape) !== 1) throw invalidArgument(`a raw request can hold one BYTES element only`);
  if (!isUtf8(body)) throw invalidArgument(`input ${quote(name)}: element 0 is not valid UTF-8`);
  return { name, tensor: makeTensor(datatype, shape, [new TextDecoder('utf-8', KEEP_BOM).decode(body)]) };
}

function rawShape(
  { name, dims }: TensorSpec,
  datatype: Exclude<Datatype, 'BYTES'>,
  batched: boolean,
  bytes: number,
): Shape {
  const fixed: readonly Dimension[] = batched ? [1, ...dims.slice(1)] : dims;
  const variable = fixed.filter((dim) => typeof dim === 'string').length;
  if (variable > 1) {
    throw invalidArgument(
      `a raw request needs an input with at most one variable dimension, ${quote(name)} has shape ${formatShape(dims)}`,
    );
  }
  const rest = elementCount(fixed.map((dim) => (typeof dim === 'string' ? 1 : dim)));
  const size = rest * DATATYPES[datatype].size;
  if (variable === 1 && (size === 0 || bytes % size !== 0)) {
    throw invalidArgument(
      `unexpected size for input ${quote(name)}: ${bytes} bytes are not a multiple of ${size}`,
    );
  }
  return fixed.map((dim) => (typeof dim === 'string' ? bytes / size : dim));
}
