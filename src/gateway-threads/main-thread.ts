import type { MessagePort } from 'node:worker_threads';
import type { Code, InferenceError } from '../errors.ts';
import { collectBuffers } from '../gateway/buffer-garbage.ts';
import type { CancelSignal } from '../inference/cancellation.ts';
import type { ModelStatistics } from '../inference/statistics.ts';
import type { TaskRequest, TaskResponse } from '../inference/task-plane.ts';
import type { InferenceRequest, InferenceResponse } from '../inference/types.ts';
import { EndOfTurn } from './end-of-turn.ts';
import type { Answer, Call, EndedRequest, ToMain, ToThread, Work } from './messages.ts';
import type { Mirror } from './mirror.ts';
import type { ModelControl } from './mirrored-registry.ts';
import { packRequest, packTask, unpackError, unpackResponse } from './packed-messages.ts';
import { Payload } from './packed-tensors.ts';
import type { RequestCount } from './request-counts.ts';

interface Waiter {
  settle(answer: Answer, bytes: ArrayBuffer): void;
}

/**
 * A gateway thread's end of the link to the main thread. What it has to say leaves together when a turn of the event loop
 * ends.
 */
export class MainThread implements ModelControl {
  readonly #port: MessagePort;
  readonly #waiters = new Map<number, Waiter>();
  readonly #payload = new Payload();
  readonly #turn = new EndOfTurn(() => this.#post());
  #lastId = 0;
  #calls: Call[] = [];
  #canceled: number[] = [];
  #ended: EndedRequest[] = [];
  #unresolved: Code[] = [];
  #dropped: number[] = [];
  #mirrored: number | undefined;
  #closed = false;

  /** @param onMirror called before any answer is heard that was given after it was sent */
  constructor(port: MessagePort, onMirror: (mirror: Mirror) => void) {
    this.#port = port;
    port.on('message', ({ answers, bytes, mirror }: ToThread) => {
      collectBuffers(bytes.byteLength);
      if (mirror !== undefined) {
        onMirror(mirror);
        this.#mirrored = mirror.revision;
        this.#turn.ask();
      }
      for (const answer of answers) {
        const waiter = this.#waiters.get(answer.id);
        this.#waiters.delete(answer.id);
        waiter?.settle(answer, bytes);
      }
    });
  }

  infer(request: InferenceRequest): Promise<InferenceResponse> {
    return this.#call({ kind: 'infer', request: packRequest(request, this.#payload) }, request.signal);
  }

  /** On a variant of a snapshot that this thread holds. */
  inferOn(snapshot: number, variant: string, request: InferenceRequest): Promise<InferenceResponse> {
    const packed = packRequest(request, this.#payload);
    return this.#call({ kind: 'inferOn', snapshot, variant, request: packed }, request.signal);
  }

  runTask(request: TaskRequest): Promise<TaskResponse> {
    return this.#call({ kind: 'task', request: packTask(request) }, request.signal);
  }

  statistics(name?: string, version?: string): Promise<ModelStatistics[]> {
    return this.#call({ kind: 'statistics', name, version });
  }

  load(name: string, config?: string): Promise<void> {
    return this.#call({ kind: 'load', name, config });
  }

  unload(name: string): Promise<void> {
    return this.#call({ kind: 'unload', name });
  }

  /** One more request of a client, over all threads. */
  count(client: string): Promise<RequestCount> {
    return this.#call({ kind: 'count', client });
  }

  ended(request: EndedRequest): void {
    this.#ended.push(request);
    this.#turn.ask();
  }

  unresolved(code: Code): void {
    this.#unresolved.push(code);
    this.#turn.ask();
  }

  /** Nobody is served any more. Leaves with everything that was told before. */
  closed(): void {
    this.#closed = true;
    this.#turn.ask();
  }

  dropped(snapshot: number): void {
    this.#dropped.push(snapshot);
    this.#turn.ask();
  }

  #call<Result>(work: Work, signal?: CancelSignal): Promise<Result> {
    const id = ++this.#lastId;
    this.#calls.push({ id, work });
    this.#turn.ask();
    const cancel = { handleEvent: () => this.#cancel(id) };
    if (signal?.aborted === true) this.#cancel(id);
    else signal?.addEventListener('abort', cancel);
    return new Promise((resolve, reject: (error: InferenceError) => void) => {
      this.#waiters.set(id, {
        settle(answer, bytes) {
          signal?.removeEventListener('abort', cancel);
          if ('error' in answer) reject(unpackError(answer.error));
          else if ('response' in answer) resolve(unpackResponse(answer.response, bytes) as Result);
          else resolve(answer.value as Result);
        },
      });
    });
  }

  #cancel(id: number): void {
    this.#canceled.push(id);
    this.#turn.ask();
  }

  #post(): void {
    const { bytes, moved } = this.#payload.take();
    const message: ToMain = {
      calls: this.#calls,
      bytes,
      ...(this.#canceled.length === 0 ? {} : { canceled: this.#canceled }),
      ...(this.#ended.length === 0 ? {} : { ended: this.#ended }),
      ...(this.#unresolved.length === 0 ? {} : { unresolved: this.#unresolved }),
      ...(this.#mirrored === undefined ? {} : { mirrored: this.#mirrored }),
      ...(this.#dropped.length === 0 ? {} : { dropped: this.#dropped }),
      ...(this.#closed ? { closed: true } : {}),
    };
    this.#calls = [];
    this.#canceled = [];
    this.#ended = [];
    this.#unresolved = [];
    this.#mirrored = undefined;
    this.#dropped = [];
    this.#port.postMessage(message, moved);
  }
}
