/** Protocol-buffer wire format, as much of it as writing an ONNX file takes. */
export type Field = Buffer | undefined;

function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

const tag = (field: number, wireType: number): Buffer => varint((field << 3) | wireType);

export const integer = (field: number, value: number | bigint): Buffer =>
  Buffer.concat([tag(field, 0), varint(value)]);

export function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(field, 5), bytes]);
}

export function bytes(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([tag(field, 2), varint(value.byteLength), value]);
}

export const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value));

export const message = (field: number, parts: readonly Field[]): Buffer => bytes(field, join(parts));

export const join = (parts: readonly Field[]): Buffer =>
  Buffer.concat(parts.filter((part) => part !== undefined));
