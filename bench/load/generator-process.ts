import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Read } from '../inputs/requests.ts';
import { nextMessage } from '../machine/children.ts';
import type { FromGenerator, GeneratorSetup, ToGenerator, Window, WindowResult } from './messages.ts';

export interface WindowEvents {
  /** The warm-up is over, the window begins. */
  readonly measuring?: () => void;
  readonly progress?: (answered: number, failed: number) => void;
}

/** Sends load from a process of its own, so that making requests does not slow the one that measures. */
export class Generator implements AsyncDisposable {
  readonly #child: ChildProcess;
  #read: readonly Read[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Rejects with the reason when the target is down, does not serve a model, or answers an error. */
  static async open(setup: GeneratorSetup): Promise<Generator> {
    const file = fileURLToPath(new URL('./generator.ts', import.meta.url));
    const generator = new Generator(fork(file, { serialization: 'advanced', execArgv: [] }));
    try {
      await generator.turnTo(setup);
      return generator;
    } catch (error) {
      await generator[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Sends to another target or model from now on. Rejects as `open` does; the next window then needs another turn. */
  async turnTo(setup: GeneratorSetup): Promise<void> {
    const answer = await this.#ask({ kind: 'open', setup });
    if (answer.kind === 'opened') this.#read = answer.read;
  }

  /** What the requests to each model are made from, in the order of the traffic. */
  get read(): readonly Read[] {
    return this.#read;
  }

  async run(window: Window, events: WindowEvents = {}): Promise<WindowResult> {
    const answer = await this.#ask({ kind: 'window', window }, events);
    if (answer.kind !== 'result') throw new Error(`the generator answered '${answer.kind}'`);
    return answer.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || !this.#child.connected) return;
    const ended = once(this.#child, 'exit');
    this.#tell({ kind: 'close' });
    const timer = setTimeout(() => this.#child.kill(), 2000);
    await ended;
    clearTimeout(timer);
  }

  #tell(message: ToGenerator): void {
    this.#child.send(message);
  }

  async #ask(message: ToGenerator, { measuring, progress }: WindowEvents = {}): Promise<FromGenerator> {
    this.#tell(message);
    const answer = await nextMessage<FromGenerator>(this.#child, 'the generator process', (told) => {
      if (told.kind === 'measuring') measuring?.();
      else if (told.kind === 'progress') progress?.(told.answered, told.failed);
      else return false;
      return true;
    });
    if (answer.kind === 'failed') throw new Error(answer.message);
    return answer;
  }
}
