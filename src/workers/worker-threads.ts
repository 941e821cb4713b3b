import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { Piscina, queueOptionsSymbol } from 'piscina';
import { InferenceError, unavailable } from '../errors.ts';
import { leastBusy, onEach, TASKS_PER_WORKER, type Ticket } from './balance.ts';
import type { Described, Reply, RunDone, RunTask, WarmDone, WarmTask, WorkerSetup } from './messages.ts';
import { type SessionOptions, sessionOptions } from './session-options.ts';

export interface ThreadsOptions extends SessionOptions {
  /** Absolute path of the ONNX file. */
  readonly path: string;
  /** Worker threads, each with a session of its own. */
  readonly instances: number;
  /** What the file has to be, by `stampOf`; whatever it is when left out. */
  readonly stamp?: string | undefined;
  readonly logger?: Logger;
  /** The threads' entry file; a test gives one that dies. */
  readonly entry?: URL;
}

/** What threads that replace others are started with; it changes. */
type Setup = { -readonly [Key in keyof WorkerSetup]: WorkerSetup[Key] };

interface Parts {
  readonly threads: Piscina;
  readonly unfit: Set<number>;
  readonly setup: Setup;
  readonly described: Described;
  readonly logger: Logger | undefined;
}

/** Worker threads with one session each of the same file. */
export class WorkerThreads {
  /** What the sessions say of the model. */
  readonly described: Described;
  /** Threads, for good. */
  readonly count: number;
  readonly #threads: Piscina;
  readonly #setup: Setup;
  /**
   * Thread ids of workers that died while they had runs. Their runs fail in the order in which they were handed over.
   */
  readonly #lost = new Set<number>();
  /** Thread ids of workers that have no session: a worker that fails at once would get the most runs of all. */
  readonly #unfit: Set<number>;
  readonly #logger: Logger | undefined;
  /** Threads that can take tasks, or could. */
  readonly #started: WeakSet<Worker>;
  #running = 0;

  private constructor(parts: Parts) {
    this.#threads = parts.threads;
    this.#started = new WeakSet(parts.threads.threads);
    parts.threads.on('workerCreate', ({ id }) => {
      const thread = parts.threads.threads.find(({ threadId }) => threadId === id);
      if (thread !== undefined) this.#started.add(thread);
    });
    this.#unfit = parts.unfit;
    this.#setup = parts.setup;
    this.#logger = parts.logger;
    this.described = parts.described;
    this.count = parts.threads.options.maxThreads;
  }

  /**
   * Opens the model in every thread. Rejects with `failed_precondition` and the reason when it cannot be.
   * @param warm run in every thread before it is said to be open
   */
  static async open(options: ThreadsOptions, warm?: WarmTask): Promise<WorkerThreads> {
    const { path, stamp } = options;
    const setup: Setup = { path, session: sessionOptions(options), stamp, warm };
    const unfit = new Set<number>();
    const threads = new Piscina({
      filename: fileURLToPath(options.entry ?? new URL('./worker.ts', import.meta.url)),
      workerData: setup,
      minThreads: options.instances,
      maxThreads: options.instances,
      concurrentTasksPerWorker: TASKS_PER_WORKER,
      atomics: 'disabled',
      recordTiming: false,
      loadBalancer: leastBusy(unfit),
    });
    threads.on('error', (error) => options.logger?.error({ err: error }, 'a worker died while it was idle'));
    try {
      const replies = await onEach<Reply<Described>>(threads, 'describe', {});
      const [first, ...others] = replies.map(unwrap);
      if (first === undefined) throw unavailable('no worker could be started');
      if (others.some((each) => each.stamp !== first.stamp))
        throw new InferenceError('failed_precondition', 'the file was replaced while it was opened');
      setup.stamp = first.stamp;
      return new WorkerThreads({ threads, unfit, setup, described: first, logger: options.logger });
    } catch (error) {
      await threads.close();
      throw error;
    }
  }

  /** Runs a warm-up in every thread, and in every one that replaces it later. */
  async warm(task: WarmTask): Promise<WarmDone[]> {
    this.#setup.warm = task;
    return (await onEach<Reply<WarmDone>>(this.#threads, 'warm', task)).map(unwrap);
  }

  /** What the newest warm-up ran. */
  get warmed(): WarmTask | undefined {
    return this.#setup.warm;
  }

  /** Runs that were handed over and have not ended. */
  get running(): number {
    return this.#running;
  }

  /**
   * A worker that dies fails the run it was in; one that was handed ahead to it is handed to another, and so is one that
   * met the first of those that could not open the file again.
   */
  async run(task: RunTask): Promise<Reply<RunDone>> {
    const ticket: Ticket = {};
    this.#running += 1;
    try {
      const reply: Reply<RunDone> = await this.#threads.run(
        { ...task, [queueOptionsSymbol]: ticket },
        { name: 'run' },
      );
      return this.#foundUnfit(reply, ticket) ? this.run(task) : reply;
    } catch (error) {
      const { worker } = ticket;
      if (worker !== undefined && this.#lost.has(worker)) return this.run(task);
      if (worker !== undefined) this.#lost.add(worker);
      this.#logger?.error({ err: error }, 'a worker died during a run');
      throw new InferenceError('unavailable', 'the worker was lost during the run', {
        reason: 'failed',
        cause: error,
      });
    } finally {
      this.#running -= 1;
    }
  }

  /** Whether a worker shows for the first time that it has no session. */
  #foundUnfit(reply: Reply<RunDone>, { worker }: Ticket): boolean {
    if (worker === undefined) return false;
    if (reply.ok) this.#unfit.delete(worker);
    if (reply.ok || reply.unopened !== true || this.#unfit.has(worker)) return false;
    this.#unfit.add(worker);
    this.#logger?.error({ reason: reply.message }, 'a worker cannot take the place of one that died');
    return true;
  }

  /**
   * Not to be called before every run has ended: ending a thread inside the runtime would abort the process. So would
   * ending one that opens the file in the place of another: that is waited for.
   */
  async close(): Promise<void> {
    const starting = this.#threads.threads.filter((thread) => !this.#started.has(thread));
    await Promise.all(starting.map(hasStarted));
    await this.#threads.close();
  }
}

/** Settles when a new thread says that it can take tasks, as its first word, or has ended. */
const hasStarted = (thread: Worker): Promise<void> =>
  new Promise((resolve) => {
    thread.once('message', () => resolve());
    thread.once('exit', () => resolve());
  });

/** Throws what went wrong in the worker. */
export function unwrap<Done extends { ok: true }>(reply: Reply<Done>): Done {
  if (reply.ok) return reply;
  const { code, message, reason } = reply;
  throw new InferenceError(code, message, reason === undefined ? {} : { reason });
}
