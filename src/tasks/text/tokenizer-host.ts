import type { Worker } from 'node:worker_threads';
import { TaskThread } from '../task-thread.ts';
import type { Encoded, EncodeOptions, TextInput, TokenizerFiles } from './text-tokenizer.ts';
import type { ThreadRequest } from './tokenizer-thread.ts';

/** One thread that tokenizes long texts for all models. */
export class TokenizerHost {
  readonly #thread = new TaskThread<readonly Encoded[]>(new URL('./tokenizer-thread.ts', import.meta.url));
  /** Keys that the thread has open. */
  #open = new Set<number>();
  #openIn: Worker | undefined;

  encode(
    key: number,
    files: TokenizerFiles,
    inputs: readonly TextInput[],
    options: EncodeOptions,
  ): Promise<readonly Encoded[]> {
    const { worker } = this.#thread;
    if (worker !== this.#openIn) {
      this.#openIn = worker;
      this.#open = new Set();
    }
    if (!this.#open.has(key)) {
      this.#open.add(key);
      worker.postMessage({ kind: 'open', key, files } satisfies ThreadRequest);
    }
    return this.#thread.run({ kind: 'encode', key, inputs, options });
  }

  /** Forgets a tokenizer. */
  close(key: number): void {
    if (this.#open.delete(key)) this.#openIn?.postMessage({ kind: 'close', key } satisfies ThreadRequest);
  }
}
