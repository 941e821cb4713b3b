/** Thread entry: decodes and encodes large bodies off the event loop. It loads the REST codec and checks of what is decoded, nothing else. */
import { parentPort } from 'node:worker_threads';
import { type Code, fromUnknown } from '../errors.ts';
import { type ModelInputs, validateTexts } from '../inference/validate.ts';
import type { JsonValue } from '../protocol/exact-json.ts';
import type { BinaryChoice } from '../protocol/rest-request.ts';
import { decodeRestRequest, type RestRequest } from '../protocol/rest-request.ts';
import { encodeRestResponse, type ResponseContent, type RestResponse } from '../protocol/rest-response.ts';
import { isStrings } from '../tensor/tensor.ts';
import { collectBuffers } from './buffer-garbage.ts';
import { parseTaskJson } from './task-json.ts';

/** What is asked of the thread. Data only. */
export type JsonJob =
  | {
      readonly kind: 'decode';
      readonly body: Uint8Array<ArrayBuffer>;
      readonly headerLength: number | undefined;
      readonly model: ModelInputs | undefined;
    }
  | { readonly kind: 'parse'; readonly body: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'encode'; readonly response: ResponseContent; readonly binary: BinaryChoice };

export type JsonResult = RestRequest | RestResponse | JsonValue;

export interface JsonTask {
  readonly id: number;
  readonly job: JsonJob;
}

/** What the thread answers: errors are data too, a class would not survive the way. */
export type JsonReply =
  | { readonly id: number; readonly result: JsonResult }
  | { readonly id: number; readonly code: Code; readonly message: string; readonly cause: string };

function perform(job: JsonJob): { result: JsonResult; transfer: ArrayBuffer[] } {
  if (job.kind === 'decode') {
    const result = decodeRestRequest(job.body, job.headerLength);
    if (job.model !== undefined) validateTexts(result.inputs, job.model);
    return { result, transfer: buffersOf(result) };
  }
  if (job.kind === 'parse') return { result: parseTaskJson(job.body), transfer: [] };
  const { body, headerLength } = encodeRestResponse(job.response, job.binary);
  const bytes = new Uint8Array(typeof body === 'string' ? new TextEncoder().encode(body) : body);
  return {
    result: headerLength === undefined ? { body: bytes } : { body: bytes, headerLength },
    transfer: [bytes.buffer],
  };
}

/** Buffers under the inputs, each once: they move to the main thread instead of being copied. */
function buffersOf({ inputs }: RestRequest): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of inputs.values()) {
    if (!isStrings(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  return [...buffers];
}

parentPort?.on('message', ({ id, job }: JsonTask) => {
  if (job.kind !== 'encode') collectBuffers(job.body.byteLength);
  try {
    const { result, transfer } = perform(job);
    parentPort?.postMessage({ id, result } satisfies JsonReply, transfer);
  } catch (thrown) {
    const { code, message } = fromUnknown(thrown);
    const cause = String(thrown instanceof Error ? thrown.stack : thrown);
    parentPort?.postMessage({ id, code, message, cause } satisfies JsonReply);
  }
});
