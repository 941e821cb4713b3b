import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Gateways } from '../gateway/gateways.ts';
import { CallServer, type CallServerOptions } from './call-server.ts';
import type { ThreadData } from './thread.ts';
import type { Command, Reply } from './thread-commands.ts';

const ENTRY = new URL('./thread.ts', import.meta.url);

/** One gateway thread, as the main thread has it. */
export class GatewayThread {
  readonly addresses: Gateways['addresses'];
  readonly #worker: Worker;
  readonly #calls: CallServer;
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
      const [reply] = (await once(worker, 'message')) as [Reply];
      if (reply.kind !== 'listening') throw new Error('a gateway thread did not begin by listening');
      return new GatewayThread(worker, calls, reply.addresses);
    } catch (error) {
      calls[Symbol.dispose]();
      await worker.terminate();
      throw error;
    }
  }

  /** Seconds for which its event loop was busy, since its start. */
  get activeSeconds(): number {
    return this.#worker.performance.eventLoopUtilization().active / 1000;
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
    await once(this.#worker, 'message');
    this.#calls[Symbol.dispose]();
    await this.#worker.terminate();
  }

  #tell(command: Command): void {
    this.#worker.postMessage(command);
  }
}
