import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endWithUs, nextMessage } from '../machine/children.ts';
import { type CoresUsed, coresBetween, readCpu } from '../machine/cpu.ts';
import type { Priority } from '../machine/priority.ts';
import type { FromLiveGenerator, LiveWindow, ToLiveGenerator } from './messages.ts';
import type { Samples } from './samples.ts';

export interface Measured {
  readonly samples: Samples;
  readonly cores: CoresUsed;
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
    let before = readCpu(this.#serverPid);
    let after = before;
    const answer = await ask(this.#child, { kind: 'window', window }, ({ kind }) => {
      if (kind === 'measuring') before = readCpu(this.#serverPid);
      if (kind === 'measured') after = readCpu(this.#serverPid);
    });
    if (answer.kind !== 'result') throw new Error(`the generator answered '${answer.kind}'`);
    const { samples } = answer;
    const cores = coresBetween(await before, await after, samples.generatorCpu / samples.seconds);
    return { samples, cores };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#child.connected) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }
}

async function ask(
  child: ChildProcess,
  message: ToLiveGenerator,
  mark: (told: FromLiveGenerator) => void = () => {},
): Promise<FromLiveGenerator> {
  child.send(message);
  const answer = await nextMessage<FromLiveGenerator>(child, 'the generator process', (told) => {
    mark(told);
    return told.kind === 'measuring' || told.kind === 'measured';
  });
  if (answer.kind === 'failed') throw new Error(answer.message);
  return answer;
}
