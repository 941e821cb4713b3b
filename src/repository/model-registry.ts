import { InferenceError, messageOf, notFound, unavailable } from '../errors.ts';
import { modelMissing } from '../inference/missing.ts';
import { parseModelName } from '../inference/names.ts';
import type { IndexEntry, LoadOptions, Registry, ServedVersion } from '../inference/served.ts';
import { ManagedModel } from './managed-model.ts';
import { parseConfigOverride } from './model-reader.ts';
import type { ModelRepository, ModelSource } from './model-source.ts';
import type { LoadContext } from './open-variant.ts';
import { KeyedMutex, limitConcurrency } from './task-limits.ts';

/** none: all models at start, and nothing after; poll: follow the disk; explicit: what is asked for. */
export type ControlMode = 'none' | 'poll' | 'explicit';

/** Calls `tick` again and again; returns the way to stop. */
export type Schedule = (tick: () => Promise<void>, milliseconds: number) => () => void;

export interface ModelRegistryOptions extends Omit<LoadContext, 'signal'> {
  readonly repository: ModelRepository;
  readonly mode: ControlMode;
  /** In mode `explicit`: what to load at start; `name`, `name@variant`, or `*` for all. */
  readonly loadModels?: readonly string[];
  /** In mode `poll`: milliseconds between looks at the disk. Default 15000. */
  readonly pollInterval?: number;
  /** Default: an interval that does not keep the process alive. */
  readonly schedule?: Schedule;
  /**
   * Models that are opened at the same time. Default 4: more than the work is shared by, so that small models do not
   * wait for large ones.
   */
  readonly parallelLoads?: number;
}

/** What was asked for at start, and gates readiness until it answers. */
interface Requirement {
  readonly model: ManagedModel;
  readonly variant?: string;
}

/**
 * What is loaded. The required models among those asked for at start gate readiness; a model that turns up later does
 * not, and no reload ever does. One whose rollout waits for its baseline does not answer. A version is READY when any of
 * its variants is, so that a variant can be loaded alone; requests that name none wait for the default variant, no other
 * answers for it.
 */
export class ModelRegistry implements Registry {
  readonly #options: ModelRegistryOptions;
  readonly #context: LoadContext;
  readonly #models = new Map<string, ManagedModel>();
  readonly #lanes = new KeyedMutex();
  readonly #limit: ReturnType<typeof limitConcurrency>;
  readonly #abort = new AbortController();
  #requirements: Requirement[] = [];
  /** Those of the latest look at the disk. */
  #warnings: ReadonlySet<string> = new Set();
  #started = false;
  #polling = false;
  #stopPolling = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: ModelRegistryOptions) {
    this.#options = options;
    this.#context = { ...options, signal: this.#abort.signal };
    this.#limit = limitConcurrency(options.parallelLoads ?? 4);
  }

  /**
   * Reads the repository and loads what the mode asks for. Settles when every first load is over, however it ended;
   * rejects only when the repository itself cannot be read.
   */
  async start(): Promise<void> {
    const { repository, mode, pollInterval = 15_000, schedule = everyInterval } = this.#options;
    const { models, warnings } = await repository.scan();
    this.#warn(warnings);
    const sources = new Map(models.map((source) => [source.name, source]));
    for (const name of sources.keys()) this.#manage(name);
    const wanted = this.#wantedAtStart(sources);
    this.#requirements = wanted.map(({ model, variant }) => ({
      model: this.#manage(model),
      ...(variant === undefined ? {} : { variant }),
    }));
    await Promise.allSettled(
      wanted.map(({ model, variant }) => this.#loadFirst(model, sources.get(model), variant)),
    );
    this.#started = true;
    this.#context.onChange?.();
    if (mode === 'poll' && !this.#abort.signal.aborted) {
      this.#stopPolling = schedule(() => this.#poll(), pollInterval);
    }
  }

  get ready(): boolean {
    if (!this.#started || this.#abort.signal.aborted) return false;
    const met = this.#requirements.every((each) => this.#isMet(each));
    // An empty repository in a mode that cannot fill it by request is a broken deployment.
    return met && (this.#options.mode === 'explicit' || this.#models.size > 0);
  }

  get missing(): readonly string[] {
    const missing = this.#requirements.filter((each) => !this.#isMet(each));
    return missing.map(({ model, variant }) =>
      variant === undefined ? model.name : `${model.name}@${variant}`,
    );
  }

  models(): readonly string[] {
    const ready = [...this.#models.values()].filter((model) => model.ready.length > 0);
    return ready.map(({ name }) => name).sort();
  }

  versions(model: string): readonly string[] {
    return this.#find(model).ready;
  }

  version(model: string, version?: string): ServedVersion {
    return this.#find(model).version(version);
  }

  index(): readonly IndexEntry[] {
    const models = [...this.#models.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return models.flatMap((model) => model.index());
  }

  async load(name: string, { variant, config }: LoadOptions = {}): Promise<void> {
    this.#assertExplicit();
    if (config !== undefined) parseConfigOverride(config);
    await this.#lanes.run(name, async () => {
      const source = await this.#options.repository.find(name, config);
      if (source === undefined) {
        throw notFound(`failed to load '${name}': there is no such model in the repository`);
      }
      this.#assertOpen();
      const model = this.#manage(name);
      const only = variant === undefined ? {} : { variant };
      await this.#limit(() => model.load({ source, retry: true, ...only }));
    });
  }

  async unload(name: string, variant?: string): Promise<void> {
    this.#assertExplicit();
    this.#find(name);
    await this.#lanes.run(name, async () => {
      const model = this.#find(name);
      // Unloading is the operator's wish: it must not take the server out of service.
      const affected = (needed?: string) =>
        variant === undefined || (needed === undefined ? model.isDefault(variant) : needed === variant);
      this.#requirements = this.#requirements.filter(
        (each) => each.model !== model || !affected(each.variant),
      );
      await model.unload(variant);
    });
  }

  /** Stops following the disk, abandons loads that are under way, drains and closes everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    this.#stopPolling();
    await this.#lanes.idle();
    await Promise.all([...this.#models.values()].map((model) => model.unload()));
  }

  #wantedAtStart(sources: ReadonlyMap<string, ModelSource>): { model: string; variant?: string }[] {
    const all = [...sources.keys()].map((model) => ({ model }));
    const { mode, loadModels = [] } = this.#options;
    if (mode !== 'explicit') return all;
    return loadModels.flatMap((name) => (name === '*' ? all : [parseModelName(name)]));
  }

  async #loadFirst(name: string, source: ModelSource | undefined, variant?: string): Promise<void> {
    const model = this.#manage(name);
    if (source === undefined) {
      model.fail('there is no such model in the repository');
      return;
    }
    const only = variant === undefined ? {} : { variant };
    await this.#lanes.run(name, () => this.#limit(() => model.load({ source, retry: false, ...only })));
  }

  async #poll(): Promise<void> {
    if (this.#polling || this.#abort.signal.aborted) return;
    this.#polling = true;
    try {
      const { models, warnings } = await this.#options.repository.scan();
      this.#warn(warnings);
      const names = new Set(models.map(({ name }) => name));
      const gone = [...this.#models.keys()].filter((name) => !names.has(name));
      await Promise.allSettled([
        ...models.map((source) => this.#follow(source)),
        ...gone.map((name) => this.#forget(name)),
      ]);
    } catch (error) {
      this.#context.logger.warn({ reason: messageOf(error) }, 'model repository could not be read');
    } finally {
      this.#polling = false;
    }
  }

  /** Loads a model that is new or changed; one that failed is tried again only when something changed. */
  async #follow(source: ModelSource): Promise<void> {
    const model = this.#manage(source.name);
    if (model.fingerprint === source.fingerprint || this.#abort.signal.aborted) return;
    await this.#lanes.run(source.name, () => this.#limit(() => model.load({ source, retry: false })));
  }

  async #forget(name: string): Promise<void> {
    await this.#lanes.run(name, async () => {
      const model = this.#models.get(name);
      if (model === undefined) return;
      this.#requirements = this.#requirements.filter((each) => each.model !== model);
      await model.unload();
      this.#models.delete(name);
      this.#context.onChange?.();
      this.#context.rollouts?.forget(name);
    });
  }

  #isMet({ model, variant }: Requirement): boolean {
    if (!model.required) return true;
    const { rollouts } = this.#context;
    return model.answers(variant) && (variant !== undefined || rollouts?.answers(model.name) !== false);
  }

  #manage(name: string): ManagedModel {
    const model = this.#models.get(name) ?? new ManagedModel(name, this.#context);
    this.#models.set(name, model);
    this.#context.onChange?.();
    return model;
  }

  #find(name: string): ManagedModel {
    const model = this.#models.get(name);
    if (model === undefined) throw modelMissing(name);
    return model;
  }

  /** What the look before told is not told again. */
  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) {
      if (!this.#warnings.has(warning)) this.#context.logger.warn({ warning }, 'model repository');
    }
    this.#warnings = new Set(warnings);
  }

  #assertExplicit(): void {
    this.#assertOpen();
    const { mode } = this.#options;
    if (mode === 'explicit') return;
    throw new InferenceError(
      'failed_precondition',
      `explicit model load / unload is not allowed in model control mode '${mode}'`,
    );
  }

  #assertOpen(): void {
    if (this.#abort.signal.aborted) throw unavailable('the server is shutting down');
  }
}

function everyInterval(tick: () => Promise<void>, milliseconds: number): () => void {
  const timer = setInterval(() => void tick(), milliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
