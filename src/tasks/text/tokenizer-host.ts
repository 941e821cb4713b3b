import { Worker } from 'node:worker_threads';
import { InferenceError } from '../../errors.ts';
import type { Encoded, EncodeOptions, TextInput, TokenizerFiles } from './text-tokenizer.ts';
import type { ThreadReply, ThreadRequest } from './tokenizer-thread.ts';

interface Waiter {
  readonly resolve: (encoded: readonly Encoded[]) => void;
  readonly reject: (error: InferenceError) => void;
}

/**
 * One thread that tokenizes long texts for all models, started when the first one comes. It never keeps the process
 * alive. Should it die, its waiters fail and the next text starts another.
 */
export class TokenizerHost {
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #waiters = new Map<number, Waiter>();
  /** Keys the present thread has open. */
  readonly #open = new Set<number>();

  encode(
    key: number,
    files: TokenizerFiles,
    inputs: readonly TextInput[],
    options: EncodeOptions,
  ): Promise<readonly Encoded[]> {
    const worker = this.#start();
    if (!this.#open.has(key)) {
      this.#open.add(key);
      worker.postMessage({ kind: 'open', key, files } satisfies ThreadRequest);
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      worker.postMessage({ kind: 'encode', key, id, inputs, options } satisfies ThreadRequest);
    });
  }

  /** Forgets a tokenizer. */
  close(key: number): void {
    if (this.#open.delete(key)) this.#worker?.postMessage({ kind: 'close', key } satisfies ThreadRequest);
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL('./tokenizer-thread.ts', import.meta.url), { name: 'tokenizer' });
    worker.unref();
    worker.on('message', (reply: ThreadReply) => this.#settle(reply));
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('the tokenizer thread ended')));
    this.#worker = worker;
    return worker;
  }

  #settle(reply: ThreadReply): void {
    const waiter = this.#waiters.get(reply.id);
    this.#waiters.delete(reply.id);
    if ('encoded' in reply) waiter?.resolve(reply.encoded);
    else waiter?.reject(new InferenceError('internal', 'internal error', { cause: reply.error }));
  }

  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#open.clear();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const { reject } of waiters) reject(new InferenceError('internal', 'internal error', { cause }));
  }
}
