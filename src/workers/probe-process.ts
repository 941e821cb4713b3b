import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ProbeMessage, ProbeTask } from './probe-messages.ts';

export interface ProbeLimits {
  /** Milliseconds. */
  readonly time: number;
  /** Bytes of resident memory beyond what the process had before. */
  readonly memory: number;
}

/** How one file ended: with a message of kind `done` or `failed`, or with the end of the process. */
export interface Ending {
  readonly last: ProbeMessage | undefined;
  readonly cause: 'answered' | 'died' | 'memory' | 'time' | 'abandoned';
  readonly signal: NodeJS.Signals | null;
}

const MEMORY_CHECK_INTERVAL = 100;
const PAGE = 4096;

/** A child process that tries one file after the other, until one of them ends it. */
export class ProbeProcess {
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<NodeJS.Signals | null>();
  #alive = true;
  #tried = 0;
  #listener: (message: ProbeMessage) => void = () => {};

  constructor(entry: URL) {
    this.#child = fork(fileURLToPath(entry), [], {
      execArgv: ['--max-old-space-size=512'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (message: ProbeMessage) => this.#listener(message));
    this.#child.once('close', (_code, signal) => this.#end(signal));
    this.#child.on('error', () => {
      if (this.#child.pid === undefined) this.#end(null);
    });
    this.#idle();
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Files it was given. */
  get tried(): number {
    return this.#tried;
  }

  /** One file at a time. Never rejects; a process that ran over a limit or was abandoned is gone when this settles. */
  async run(task: ProbeTask, limits: ProbeLimits, signal: AbortSignal | undefined): Promise<Ending> {
    this.#tried += 1;
    this.#child.ref();
    this.#child.channel?.ref();
    let last: ProbeMessage | undefined;
    let cause: Ending['cause'] = 'died';
    const kill = (why: Ending['cause']) => {
      cause = why;
      this.#child.kill('SIGKILL');
    };
    const answered = new Promise<null>((resolve) => {
      this.#listener = (message) => {
        last = message;
        if (message.kind === 'opened' || cause !== 'died') return;
        cause = 'answered';
        resolve(null);
      };
    });
    const abandon = () => kill('abandoned');
    signal?.addEventListener('abort', abandon, { once: true });
    const timer = setTimeout(() => kill('time'), limits.time);
    const before = this.#resident();
    const watch = setInterval(() => {
      void Promise.all([before, this.#resident()]).then(([least, now]) => {
        if (now - least > limits.memory && cause === 'died') kill('memory');
      });
    }, MEMORY_CHECK_INTERVAL);
    try {
      if (this.#alive) this.#child.send(task, () => {});
      const ended = await Promise.race([answered, this.#ended.promise]);
      return { last, cause, signal: ended };
    } finally {
      clearInterval(watch);
      clearTimeout(timer);
      signal?.removeEventListener('abort', abandon);
      this.#listener = () => {};
      this.#idle();
    }
  }

  /** It ends by itself when nobody talks to it any more. */
  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  /** Bytes; 0 where the system does not say. */
  async resident(): Promise<number> {
    return this.#resident();
  }

  #end(signal: NodeJS.Signals | null): void {
    this.#alive = false;
    this.#ended.resolve(signal);
  }

  /** While it has nothing to do it does not keep the server's process alive. */
  #idle(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  async #resident(): Promise<number> {
    try {
      const pages = (await readFile(`/proc/${this.#child.pid}/statm`, 'utf8')).split(' ')[1];
      return Number(pages) * PAGE;
    } catch {
      return 0;
    }
  }
}
