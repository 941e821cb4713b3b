import { Worker } from 'node:worker_threads';
import { InferenceError, invalidArgument } from '../errors.ts';

/** What a thread answers. `invalid` is the client's fault and is told to it, `fault` is ours and goes to the log. */
export type ThreadAnswer<Result> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly invalid: string }
  | { readonly id: number; readonly fault: string };

interface Waiter<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: InferenceError) => void;
}

/**
 * A thread for work that would hold up the event loop, started by its first job. It never keeps the process alive.
 * Should it die, its waiters fail and the next job starts another.
 */
export class TaskThread<Result> {
  readonly #entry: URL;
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #waiters = new Map<number, Waiter<Result>>();

  constructor(entry: URL) {
    this.#entry = entry;
  }

  /** Jobs that are not answered yet. */
  get pending(): number {
    return this.#waiters.size;
  }

  /** Identity of the running thread; another one has none of what was told to the one before. */
  get worker(): Worker {
    this.#worker ??= this.#start();
    return this.#worker;
  }

  /** Sends a job; its `id` is added. What is in `transfer` moves to the thread. */
  run(job: object, transfer: readonly ArrayBuffer[] = []): Promise<Result> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      this.worker.postMessage({ ...job, id }, [...transfer]);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#entry);
    worker.unref();
    worker.on('message', (answer: ThreadAnswer<Result>) => this.#settle(answer));
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('a task thread ended')));
    return worker;
  }

  #settle(answer: ThreadAnswer<Result>): void {
    const waiter = this.#waiters.get(answer.id);
    this.#waiters.delete(answer.id);
    if ('result' in answer) waiter?.resolve(answer.result);
    else waiter?.reject('invalid' in answer ? invalidArgument(answer.invalid) : internal(answer.fault));
  }

  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const { reject } of waiters) reject(internal(cause));
  }
}

const internal = (cause: unknown) => new InferenceError('internal', 'internal error', { cause });
