import { Worker } from 'node:worker_threads';
import { InferenceError, unavailable } from '../errors.ts';
import { type BinaryChoice, decodeRestRequest, type RestRequest } from '../protocol/rest-request.ts';
import { encodeRestResponse, type ResponseContent, type RestResponse } from '../protocol/rest-response.ts';
import { isStrings, type Tensor } from '../tensor/tensor.ts';
import type { JsonJob, JsonReply, JsonTask } from './json-thread.ts';

/** JSON of this many bytes or more is decoded in a thread; smaller JSON is decoded where it is. See `JsonPool`. */
export const DECODE_THRESHOLD = 128 * 1024;

/** An answer with this many numbers or strings in JSON, or more, is written in a thread. */
export const ENCODE_THRESHOLD = 16 * 1024;

/** Two, so that one enormous body does not hold up every other large one. */
const THREADS = 2;

interface Waiter {
  readonly resolve: (result: RestRequest | RestResponse) => void;
  readonly reject: (error: InferenceError) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiters: Map<number, Waiter>;
}

/**
 * Codes REST bodies: small ones at once, large ones in threads that start with the first of them, so that no body
 * blocks the event loop for longer than about a millisecond. Buffers are transferred, not copied.
 */
export class JsonPool {
  readonly #threads: Thread[] = [];
  #nextId = 0;
  #closed = false;

  /** As `decodeRestRequest`. A large body is moved to the thread: the caller must not read it afterwards. */
  decode(body: Uint8Array<ArrayBuffer>, headerLength?: number): RestRequest | Promise<RestRequest> {
    if ((headerLength ?? body.byteLength) < DECODE_THRESHOLD) return decodeRestRequest(body, headerLength);
    const whole = body.byteLength === body.buffer.byteLength;
    const bytes = whole ? new Uint8Array(body.buffer) : new Uint8Array(body);
    return this.#post({ kind: 'decode', body: bytes, headerLength }, [bytes.buffer]) as Promise<RestRequest>;
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

  #post(job: JsonJob, transfer: ArrayBuffer[]): Promise<RestRequest | RestResponse> {
    if (this.#closed) return Promise.reject(unavailable('the server is shutting down'));
    const thread = this.#leastBusy();
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<RestRequest | RestResponse>();
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
  else waiter?.reject(new InferenceError(reply.code, reply.message));
}

/** A tensor that is a small part of a batch's memory would take the whole of it along. Shared memory is not copied. */
function alone(tensor: Tensor): Tensor {
  const { data } = tensor;
  if (isStrings(data) || data.buffer instanceof SharedArrayBuffer) return tensor;
  return data.byteLength === data.buffer.byteLength ? tensor : { ...tensor, data: data.slice() };
}
