import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Gateways } from '../gateway/gateways.ts';
import { CallServer, type CallServerOptions } from './call-server.ts';
import type { ThreadData } from './thread.ts';
import type { Command, Listening } from './thread-commands.ts';

const ENTRY = new URL('./thread.ts', import.meta.url);

/** One gateway thread, as the main thread has it. */
export class GatewayThread {
  readonly addresses: Gateways['addresses'];
  readonly #worker: Worker;
  readonly #calls: CallServer;
  /** Of its event loop when it ended. */
  #active: number | undefined;
  #closed: Promise<void> | undefined;

  private constructor(worker: Worker, calls: CallServer, addresses: Gateways['addresses']) {
    this.#worker = worker;
    this.#calls = calls;
    this.addresses = addresses;
  }

  /**
   * Settles when it listens; rejects where it cannot. An error of it later is one of the process, like any that nobody
   * caught.
   */
  static async start(data: Omit<ThreadData, 'port'>, options: CallServerOptions): Promise<GatewayThread> {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(ENTRY, {
      name: 'gateway',
      workerData: { ...data, port: port2 },
      transferList: [port2],
    });
    const calls = new CallServer(port1, options);
    try {
      return new GatewayThread(worker, calls, await listening(worker));
    } catch (error) {
      calls[Symbol.dispose]();
      await worker.terminate();
      throw error;
    }
  }

  /** Seconds for which its event loop was busy, from its start to its end. */
  get activeSeconds(): number {
    return this.#active ?? this.#worker.performance.eventLoopUtilization().active / 1000;
  }

  drain(): void {
    this.#tell({ kind: 'drain' });
  }

  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    this.#tell({ kind: 'close', graceMs });
    const { signal, end } = waiting();
    try {
      await Promise.race([this.#calls.closed, once(this.#worker, 'exit', { signal })]);
    } finally {
      end();
      this.#active = this.activeSeconds;
      this.#calls[Symbol.dispose]();
      await this.#worker.terminate();
    }
  }

  #tell(command: Command): void {
    this.#worker.postMessage(command);
  }
}

/** Rejects where the thread fails or ends before. */
async function listening(worker: Worker): Promise<Listening> {
  const { signal, end } = waiting();
  const ended = once(worker, 'exit', { signal }).then(() => {
    throw new Error('a gateway thread ended before it listened');
  });
  const heard = once(worker, 'message', { signal }) as Promise<[Listening]>;
  try {
    const [addresses] = await Promise.race([heard, ended]);
    return addresses;
  } finally {
    end();
  }
}

/** What is waited for catches the errors of a thread; those that come after belong to the process. */
function waiting(): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, end: () => controller.abort() };
}
