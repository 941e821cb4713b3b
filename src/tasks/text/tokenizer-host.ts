import type { Worker } from 'node:worker_threads';
import { TaskThread } from '../task-thread.ts';
import type { Encoded, EncodeOptions, TextInput, TokenizerFacts, TokenizerSource } from './text-tokenizer.ts';
import type { ThreadRequest } from './tokenizer-thread.ts';

type Result = readonly Encoded[] | TokenizerFacts;

/** One thread that tokenizes for all models. */
export class TokenizerHost {
  readonly #thread = new TaskThread<Result>(new URL('./tokenizer-thread.ts', import.meta.url));
  /** Keys that the thread has open. */
  #open = new Set<number>();
  #openIn: Worker | undefined;

  /** Opens a tokenizer. Rejects where its files do not make one. */
  async open(key: number, source: TokenizerSource): Promise<TokenizerFacts> {
    this.#notice(key);
    return (await this.#thread.run({ kind: 'open', key, source })) as TokenizerFacts;
  }

  async encode(
    key: number,
    source: TokenizerSource,
    inputs: readonly TextInput[],
    options: EncodeOptions,
  ): Promise<readonly Encoded[]> {
    // The thread works in order: what it answers to `open` is of no interest here, the next answer tells as much.
    if (this.#notice(key)) this.#thread.run({ kind: 'open', key, source }).catch(() => {});
    return (await this.#thread.run({ kind: 'encode', key, inputs, options })) as readonly Encoded[];
  }

  /** Forgets a tokenizer. */
  close(key: number): void {
    if (this.#open.delete(key)) this.#openIn?.postMessage({ kind: 'close', key } satisfies ThreadRequest);
  }

  /** Whether the thread does not have the tokenizer yet; from now on it does. */
  #notice(key: number): boolean {
    const { worker } = this.#thread;
    if (worker !== this.#openIn) {
      this.#openIn = worker;
      this.#open = new Set();
    }
    if (this.#open.has(key)) return false;
    this.#open.add(key);
    return true;
  }
}
