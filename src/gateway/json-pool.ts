import { Worker } from 'node:worker_threads';
import { InferenceError, unavailable } from '../errors.ts';
import type { ModelInputs } from '../inference/validate.ts';
import type { JsonValue } from '../protocol/exact-json.ts';
import { type BinaryChoice, decodeRestRequest, type RestRequest } from '../protocol/rest-request.ts';
import { encodeRestResponse, type ResponseContent, type RestResponse } from '../protocol/rest-response.ts';
import { isStrings, type Tensor } from '../tensor/tensor.ts';
import type { JsonJob, JsonReply, JsonResult, JsonTask } from './json-thread.ts';
import { parseTaskJson } from './task-json.ts';

/**
 * JSON of an infer request with this many bytes or more is decoded in a thread. Measured on one core: decoding takes
 * 1.4 ms per MB of floats and 3.3 ms per MB of integers, so that less than half a millisecond is spent on the event loop;
 * the hand-over adds 0.03 ms (77 kB) to 0.1 ms, of which 0.01 ms on the event loop, because buffers are moved, not copied.
 */
export const DECODE_THRESHOLD = 128 * 1024;

/**
 * JSON of a task with this many bytes or more is parsed in a thread. Objects have to be copied back, so it pays later:
 * 8 MB of short texts take 14 ms to parse and 8 ms to copy back, one text of 10 MB takes 15 and 4 ms.
 */
export const PARSE_THRESHOLD = 512 * 1024;

/**
 * An answer with this many elements in JSON or more is written in a thread: 8,192 floats take 0.3 ms, as doubles 1.2 ms.
 */
export const ENCODE_THRESHOLD = 8 * 1024;

/** Two, so that one enormous body does not hold up every other large one. */
const THREADS = 2;

interface Waiter {
  readonly resolve: (result: JsonResult) => void;
  readonly reject: (error: InferenceError) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiters: Map<number, Waiter>;
}

/**
 * Codes REST bodies: small ones where they are, large ones in threads that start with the first of them. The
 * thresholds are measured, each says how.
 */
export class JsonPool {
  readonly #threads: Thread[] = [];
  #nextId = 0;
  #closed = false;

  /**
   * As `decodeRestRequest`. A large body is moved to the thread: the caller must not read it afterwards.
   * @param modelOf asked of a large body alone: texts that its model does not take are refused in the thread
   */
  decode(
    body: Uint8Array<ArrayBuffer>,
    headerLength?: number,
    modelOf?: () => ModelInputs | undefined,
  ): RestRequest | Promise<RestRequest> {
    const bytesOfJson = Math.min(headerLength ?? body.byteLength, body.byteLength);
    if (bytesOfJson < DECODE_THRESHOLD) return decodeRestRequest(body, headerLength);
    const bytes = movable(body);
    const job = { kind: 'decode', body: bytes, headerLength, model: modelOf?.() } as const;
    return this.#post(job, [bytes.buffer]) as Promise<RestRequest>;
  }

  /** As `parseTaskJson`. A large body is moved to the thread: the caller must not read it afterwards. */
  parse(body: Uint8Array<ArrayBuffer>): JsonValue | Promise<JsonValue> {
    if (body.byteLength < PARSE_THRESHOLD) return parseTaskJson(body);
    const bytes = movable(body);
    return this.#post({ kind: 'parse', body: bytes }, [bytes.buffer]) as Promise<JsonValue>;
  }

  /** As `encodeRestResponse`. */
  encode(response: ResponseContent, binary: BinaryChoice): RestResponse | Promise<RestResponse> {
    let elements = 0;
    for (const [name, { data }] of response.outputs) {
      if (!(binary.byOutput.get(name) ?? binary.byDefault)) elements += data.length;
    }
    if (elements < ENCODE_THRESHOLD) return encodeRestResponse(response, binary);
    const { model, version, id, parameters } = response;
    const outputs = new Map(Array.from(response.outputs, ([name, tensor]) => [name, alone(tensor)]));
    const content = { model, version, ...(id === undefined ? {} : { id }), parameters, outputs };
    return this.#post({ kind: 'encode', response: content, binary }, []) as Promise<RestResponse>;
  }

  /** Ends the threads. What they were still doing fails with `unavailable`. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #post(job: JsonJob, transfer: ArrayBuffer[]): Promise<JsonResult> {
    if (this.#closed) return Promise.reject(unavailable('the server is shutting down'));
    const thread = this.#leastBusy();
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<JsonResult>();
    thread.waiters.set(id, { resolve, reject });
    thread.worker.ref();
    thread.worker.postMessage({ id, job } satisfies JsonTask, transfer);
    return promise;
  }

  #leastBusy(): Thread {
    const [first] = this.#threads.toSorted((a, b) => a.waiters.size - b.waiters.size);
    if (first !== undefined && (first.waiters.size === 0 || this.#threads.length === THREADS)) return first;
    return this.#start();
  }

  #start(): Thread {
    const worker = new Worker(new URL('./json-thread.ts', import.meta.url));
    const thread: Thread = { worker, waiters: new Map() };
    worker.on('message', (reply: JsonReply) => settle(thread, reply));
    worker.on('error', () => {});
    worker.on('exit', () => this.#drop(thread));
    worker.unref();
    this.#threads.push(thread);
    return thread;
  }

  /** A thread that died (out of memory) fails what it held; the next large body starts another. */
  #drop(thread: Thread): void {
    this.#threads.splice(this.#threads.indexOf(thread), 1);
    for (const { reject } of thread.waiters.values()) {
      reject(unavailable('the thread that coded the body has ended'));
    }
    thread.waiters.clear();
  }
}

function settle({ worker, waiters }: Thread, reply: JsonReply): void {
  const waiter = waiters.get(reply.id);
  waiters.delete(reply.id);
  if (waiters.size === 0) worker.unref();
  if ('result' in reply) waiter?.resolve(reply.result);
  else waiter?.reject(new InferenceError(reply.code, reply.message, { cause: reply.cause }));
}

/** The bytes with their memory to themselves, so that it can be moved: small buffers share a pool. */
function movable(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return body.byteLength === body.buffer.byteLength ? new Uint8Array(body.buffer) : new Uint8Array(body);
}

/** A tensor that is a small part of a batch's memory would take the whole of it along. Shared memory is not copied. */
function alone(tensor: Tensor): Tensor {
  const { data } = tensor;
  if (isStrings(data) || data.buffer instanceof SharedArrayBuffer) return tensor;
  return data.byteLength === data.buffer.byteLength ? tensor : { ...tensor, data: data.slice() };
}
