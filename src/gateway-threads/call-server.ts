import type { MessagePort } from 'node:worker_threads';
import { type Code, fromUnknown } from '../errors.ts';
import { collectBuffers } from '../gateway/buffer-garbage.ts';
import { Cancellation } from '../inference/cancellation.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import type { TaskPlane } from '../inference/task-plane.ts';
import { EndOfTurn } from './end-of-turn.ts';
import type { Answer, Call, EndedRequest, ToMain, ToThread, Work } from './messages.ts';
import type { Mirror } from './mirror.ts';
import type { MirrorPublisher, MirrorReader } from './mirror-publisher.ts';
import { packError, packResponse, unpackRequest, unpackTask } from './packed-messages.ts';
import { Payload } from './packed-tensors.ts';
import type { RequestCounts } from './request-counts.ts';

const NOTHING = new ArrayBuffer(0);

type OperationEnded = (operation: string, code: string | number, seconds: number, bytesIn: number) => void;

export interface CallServerOptions {
  readonly dataPlane: DataPlane;
  readonly tasks: TaskPlane;
  readonly publisher: MirrorPublisher;
  readonly counts: RequestCounts;
  readonly onRequestEnded: Readonly<Record<EndedRequest['transport'], OperationEnded>>;
  /** Told the code of a request whose model, version or variant could not be had. */
  readonly unresolved: (code: Code) => void;
}

/**
 * The main thread's end of the link to one gateway thread: runs what it calls for. Answers leave together when a turn of
 * the event loop ends.
 */
export class CallServer implements MirrorReader, Disposable {
  readonly #port: MessagePort;
  readonly #options: CallServerOptions;
  readonly #running = new Map<number, Cancellation>();
  readonly #payload = new Payload();
  readonly #turn = new EndOfTurn(() => this.#post());
  readonly #closed = Promise.withResolvers<void>();
  #answers: Answer[] = [];

  constructor(port: MessagePort, options: CallServerOptions) {
    this.#port = port;
    this.#options = options;
    port.on('message', (message: ToMain) => this.#read(message));
    options.publisher.add(this);
  }

  send(mirror: Mirror): void {
    this.#port.postMessage({ answers: [], bytes: NOTHING, mirror } satisfies ToThread);
  }

  /** Settles when the thread has said that it serves nobody any more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** The thread has ended: nobody waits for what it called for. */
  [Symbol.dispose](): void {
    this.#port.close();
    this.#options.publisher.remove(this);
    for (const cancellation of this.#running.values()) cancellation.abort();
  }

  #read({ calls, bytes, canceled, ended, unresolved, mirrored, dropped, closed }: ToMain): void {
    const { publisher, onRequestEnded, unresolved: onUnresolved } = this.#options;
    collectBuffers(bytes.byteLength);
    for (const call of calls) void this.#serve(call, bytes);
    for (const id of canceled ?? []) this.#running.get(id)?.abort();
    for (const { transport, operation, code, seconds, bytesIn } of ended ?? []) {
      onRequestEnded[transport](operation, code, seconds, bytesIn);
    }
    for (const code of unresolved ?? []) onUnresolved(code);
    for (const number of dropped ?? []) publisher.dropped(this, number);
    if (mirrored !== undefined) publisher.mirrored(this, mirrored);
    if (closed === true) this.#closed.resolve();
  }

  async #serve({ id, work }: Call, bytes: ArrayBuffer): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#run(id, work, bytes);
    } catch (error) {
      answer = { id, error: packError(fromUnknown(error)) };
    }
    this.#running.delete(id);
    this.#answers.push(answer);
    this.#turn.ask();
  }

  async #run(id: number, work: Work, bytes: ArrayBuffer): Promise<Answer> {
    const { dataPlane, tasks, publisher, counts } = this.#options;
    switch (work.kind) {
      case 'infer':
      case 'inferOn': {
        const request = { ...unpackRequest(work.request, bytes), signal: this.#signal(id) };
        const response = await (work.kind === 'infer'
          ? dataPlane.infer(request)
          : dataPlane.inferOn(...publisher.target(work.snapshot, work.variant), request));
        return { id, response: packResponse(response, this.#payload) };
      }
      case 'task':
        return { id, value: await tasks.run({ ...unpackTask(work.request), signal: this.#signal(id) }) };
      case 'statistics':
        return { id, value: await dataPlane.statistics(work.name, work.version) };
      case 'load':
        return { id, value: await publisher.after(() => dataPlane.loadModel(work.name, work.config)) };
      case 'unload':
        return { id, value: await publisher.after(() => dataPlane.unloadModel(work.name)) };
      case 'count':
        return { id, value: counts.count(work.client) };
    }
  }

  #signal(id: number): Cancellation {
    const signal = new Cancellation();
    this.#running.set(id, signal);
    return signal;
  }

  #post(): void {
    const { bytes, moved } = this.#payload.take();
    const message: ToThread = { answers: this.#answers, bytes };
    this.#answers = [];
    this.#port.postMessage(message, moved);
  }
}
