import type { CacheObserver } from '../inference/observer.ts';
import type { Runner, RunOptions, RunResult } from '../inference/runner.ts';
import type { Signature } from '../inference/signature.ts';
import { NO_TIME } from '../inference/timings.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { contentKey } from './content-key.ts';
import { bestOf, type Opening, type Openings, type OpenVariants, openingOf } from './openings.ts';
import type { CachedAnswer, ResponseCache } from './response-cache.ts';

export interface CachingOptions {
  readonly cache: ResponseCache;
  readonly signature: Signature;
  /** What the runner below was opened as. */
  readonly opening: Opening;
  readonly openings: Openings;
  readonly observer: CacheObserver;
  /** The clock of deadlines, milliseconds. */
  readonly now?: () => number;
}

/**
 * Answers repeats from the response cache. Of several variants that may answer, the most accurate one's answer is used
 * and no other's: what a less accurate one computed under load is kept for requests that name it, so that a busy
 * moment does not lower the accuracy of the quiet ones after it. An answer belongs to the opening that computed it, and
 * is forgotten with it: a file that was replaced never answers again.
 */
export class CachingRunner implements Runner {
  readonly #inner: Runner;
  readonly #options: CachingOptions;
  readonly #now: () => number;
  #closed: Promise<void> | undefined;

  constructor(inner: Runner, options: CachingOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  async run(inputs: TensorMap, options: RunOptions = {}): Promise<RunResult> {
    const start = this.#now();
    const { signal, deadline = Infinity, terms, outputs } = options;
    // Whom the inner one refuses is refused here too.
    if (this.#closed !== undefined || signal?.aborted === true || deadline <= start) {
      return this.#inner.run(inputs, options);
    }
    const { cache, signature, opening, openings, observer } = this.#options;
    // As it is now: the inner run cannot be answered by what is opened later under a name that is open already.
    const { open } = openings;
    const best = (terms && bestOf(open, terms.variants)) ?? opening;
    const content = contentKey(inputs, outputs, signature);
    const kept = cache.get(best.id, content);
    const lookup = this.#now() - start;
    if (kept !== undefined) {
      observer.cacheAsked(true, lookup);
      return answerOf(kept, best);
    }
    let keeping = 0;
    try {
      const result = await this.#inner.run(inputs, options);
      const computed = this.#now();
      this.#keep(open, content, result);
      keeping = this.#now() - computed;
      return result;
    } finally {
      observer.cacheAsked(false, lookup + keeping);
    }
  }

  async close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { cache, opening, openings } = this.#options;
    const closed = this.#inner.close();
    openings.remove(opening);
    cache.forget(opening.id);
    await closed;
  }

  #keep(open: OpenVariants, content: string, { outputs, choice, mixed }: RunResult): void {
    // None of the variants would answer it so.
    if (mixed === true) return;
    const { cache, opening, openings } = this.#options;
    const by = choice === undefined ? opening : openingOf(open, choice.variant);
    // What was closed meanwhile has been forgotten, and is not to come back.
    if (by === undefined || !openings.open.includes(by)) return;
    cache.put(by.id, content, { outputs, chosen: choice !== undefined });
  }
}

function answerOf({ outputs, chosen }: CachedAnswer, { variant }: Opening): RunResult {
  return {
    outputs,
    timings: NO_TIME,
    batchSize: 0,
    reuse: 'cached',
    ...(chosen ? { choice: { variant, reason: 'cached', predicted: 0 } } : {}),
  };
}
