import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endWithUs, nextMessage } from '../machine/children.ts';

interface Started {
  readonly address: string;
  readonly grpc?: string;
}

/** Something to compare with, in a process of its own. */
export class Baseline implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** REST, and gRPC where there is one. */
  readonly address: string;
  readonly grpc: string;

  private constructor(child: ChildProcess, { address, grpc = '' }: Started) {
    this.#child = child;
    this.address = address;
    this.grpc = grpc;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Starts a file of this folder, and waits until it says that it is ready. */
  static async start(file: string, ...argv: readonly string[]): Promise<Baseline> {
    const child = fork(fileURLToPath(new URL(`./${file}`, import.meta.url)), [...argv], { execArgv: [] });
    endWithUs(child);
    return new Baseline(child, await nextMessage<Started>(child, file));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
