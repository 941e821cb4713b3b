import type { Reader, Writer } from 'protobufjs/minimal.js';
import type { Parameters, ParameterValue } from '../inference/types.ts';
import { openMessage, safeInteger, skipField, tagOf } from './grpc-wire.ts';

const KEY = tagOf(1, 2);
const VALUE = tagOf(2, 2);

/** The members of InferParameter's oneof. */
const BOOL = tagOf(1, 0);
const INT64 = tagOf(2, 0);
const STRING = tagOf(3, 2);
const DOUBLE = tagOf(4, 1);
const UINT64 = tagOf(5, 0);

const INT64_MAX = 2n ** 63n - 1n;

/** Reads one entry of a `map<string, InferParameter>` into `parameters`; a later entry of the same key wins. */
export function readParameter(reader: Reader, parameters: Map<string, ParameterValue>): void {
  let key = '';
  let value: ParameterValue | undefined;
  const close = openMessage(reader);
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (tag === KEY) key = reader.stringVerify();
    else if (tag === VALUE) value = readValue(reader);
    else skipField(reader, tag);
  }
  close();
  if (value !== undefined) parameters.set(key, value);
}

/** The member that was set last, as protobuf asks. 64-bit integers beyond 2^53 stay exact. */
function readValue(reader: Reader): ParameterValue | undefined {
  let value: ParameterValue | undefined;
  const close = openMessage(reader);
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (tag === BOOL) value = reader.bool();
    else if (tag === INT64) value = safeInteger(reader.int64());
    else if (tag === STRING) value = reader.stringVerify();
    else if (tag === DOUBLE) value = reader.double();
    else if (tag === UINT64) value = safeInteger(reader.uint64());
    else skipField(reader, tag);
  }
  close();
  return value;
}

/** Writes parameters as the map field of that tag. */
export function writeParameters(writer: Writer, tag: number, parameters: Parameters): void {
  for (const [key, value] of parameters) {
    writer.uint32(tag).fork().uint32(KEY).string(key).uint32(VALUE).fork();
    writeValue(writer, value);
    writer.ldelim().ldelim();
  }
}

function writeValue(writer: Writer, value: ParameterValue): void {
  if (typeof value === 'boolean') writer.uint32(BOOL).bool(value);
  else if (typeof value === 'string') writer.uint32(STRING).string(value);
  else if (typeof value === 'number' && !Number.isSafeInteger(value)) writer.uint32(DOUBLE).double(value);
  else if (value <= INT64_MAX) writer.uint32(INT64).int64(String(value));
  else writer.uint32(UINT64).uint64(String(value));
}
