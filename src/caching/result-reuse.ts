import type { CacheObserver, CacheState, VariantId, VariantObserver } from '../inference/observer.ts';
import type { Runner } from '../inference/runner.ts';
import type { Signature } from '../inference/signature.ts';
import { CachingRunner } from './caching-runner.ts';
import { CoalescingRunner } from './coalescing-runner.ts';
import { type Opening, Openings } from './openings.ts';
import { ResponseCache } from './response-cache.ts';

/** What a model asks for. */
export interface ReuseSettings {
  /** Compute identical requests in flight once, unless the server does not. */
  readonly coalesce: boolean;
  /** Answer repeats from the response cache, where the server has one. */
  readonly responseCache: boolean;
}

/** A variant that was opened. */
export interface ReusedVariant {
  readonly id: VariantId;
  readonly accuracy: number | undefined;
  readonly signature: Signature;
  /** The priority of a request that names none. */
  readonly defaultPriority: number;
  readonly settings: ReuseSettings;
  readonly observer: Pick<VariantObserver, 'requestRejected'> & CacheObserver;
}

export interface ResultReuseOptions {
  /** False: identical requests in flight are computed each, whatever the models say. */
  readonly coalesce: boolean;
  /** Size of the response cache; 0 for none. */
  readonly cacheBytes: number;
}

/**
 * What is not computed twice, for the whole server: the response cache, and the runners that ask it and that share
 * runs.
 */
export class ResultReuse {
  readonly #coalesce: boolean;
  readonly #cache: ResponseCache | undefined;
  readonly #versions = new Map<string, Openings>();
  #nextId = 0;

  constructor({ coalesce, cacheBytes }: ResultReuseOptions) {
    this.#coalesce = coalesce;
    this.#cache = cacheBytes > 0 ? new ResponseCache(cacheBytes) : undefined;
  }

  get hasCache(): boolean {
    return this.#cache !== undefined;
  }

  state(): CacheState {
    const { bytes = 0, size = 0, evictions = 0, maxBytes = 0 } = this.#cache ?? {};
    return { bytes, entries: size, evictions, maxBytes };
  }

  /** The runner with what its model asks for in front; the runner itself where that is nothing. */
  wrap(runner: Runner, variant: ReusedVariant): Runner {
    const { settings, signature, defaultPriority, observer } = variant;
    const shared =
      this.#coalesce && settings.coalesce
        ? new CoalescingRunner(runner, {
            signature,
            defaultPriority,
            onCanceled: () => observer.requestRejected('canceled'),
          })
        : runner;
    if (this.#cache === undefined) return shared;
    const { opening, openings } = this.#open(variant);
    const cache = this.#cache;
    if (settings.responseCache) {
      return new CachingRunner(shared, { cache, signature, opening, openings, observer });
    }
    // Known all the same: while the setting is being changed, the variants of a version are not of one mind.
    return {
      run: (inputs, options) => shared.run(inputs, options),
      close: () => {
        const closed = shared.close();
        openings.remove(opening);
        return closed;
      },
    };
  }

  #open({ id, accuracy }: ReusedVariant): { opening: Opening; openings: Openings } {
    const key = `${id.model}/${id.version}`;
    const openings = this.#versions.get(key) ?? new Openings();
    this.#versions.set(key, openings);
    const opening = { id: this.#nextId++, variant: id.variant, accuracy };
    openings.add(opening);
    return { opening, openings };
  }
}
