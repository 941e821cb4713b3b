import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endWithUs } from '../machine/children.ts';
import { machineCpu, processCpu } from '../machine/cpu.ts';
import type { Priority } from '../machine/priority.ts';
import type { FromLiveGenerator, LiveWindow, ToLiveGenerator } from './messages.ts';
import type { Samples } from './samples.ts';

/** Cores that were busy on average, by whom. */
export interface Cores {
  readonly server: number;
  readonly generator: number;
  /** Whatever else runs on the machine. */
  readonly others: number;
}

export interface Measured {
  readonly samples: Samples;
  readonly cores: Cores;
}

/** The process that sends load, seen from the one that measures. */
export class LiveGenerator implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #serverPid: number;
  readonly priority: Priority;

  private constructor(child: ChildProcess, serverPid: number, priority: Priority) {
    this.#child = child;
    this.#serverPid = serverPid;
    this.priority = priority;
  }

  static async open(address: string, serverPid: number): Promise<LiveGenerator> {
    const file = fileURLToPath(new URL('./generator.ts', import.meta.url));
    const child = fork(file, { serialization: 'advanced', execArgv: [] });
    endWithUs(child);
    const answer = await ask(child, { kind: 'open', address });
    return new LiveGenerator(child, serverPid, answer.kind === 'opened' ? answer.priority : 'normal');
  }

  /** Sends one window, and sees whose CPU time it took. */
  async run(window: LiveWindow): Promise<Measured> {
    let before = this.#usage();
    let after = before;
    const answer = await ask(this.#child, { kind: 'window', window }, ({ kind }) => {
      if (kind === 'measuring') before = this.#usage();
      if (kind === 'measured') after = this.#usage();
    });
    if (answer.kind !== 'result') throw new Error(`the generator answered '${answer.kind}'`);
    const [start, end] = await Promise.all([before, after]);
    const { samples } = answer;
    const seconds = (end.time - start.time) / 1000;
    const server = (end.server - start.server) / seconds;
    const generator = samples.generatorCpu / samples.seconds;
    const machine = (end.machine - start.machine) / seconds;
    return { samples, cores: { server, generator, others: Math.max(0, machine - server - generator) } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#child.connected) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }

  async #usage() {
    const time = performance.now();
    const machine = machineCpu();
    return { time, machine, server: await processCpu(this.#serverPid) };
  }
}

function ask(
  child: ChildProcess,
  message: ToLiveGenerator,
  mark: (told: FromLiveGenerator) => void = () => {},
): Promise<FromLiveGenerator> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      child.off('message', hear);
      child.off('exit', die);
    };
    const hear = (told: FromLiveGenerator): void => {
      if (told.kind === 'measuring' || told.kind === 'measured') {
        mark(told);
        return;
      }
      stop();
      if (told.kind === 'failed') reject(new Error(told.message));
      else resolve(told);
    };
    const die = (code: number | null): void => {
      stop();
      reject(new Error(`the generator process ended with ${code}`));
    };
    child.on('message', hear);
    child.on('exit', die);
    child.send(message);
  });
}
