import { fromUnknown, InferenceError, unavailable } from '../errors.ts';
import type {
  IndexEntry,
  ModelState,
  ServedVariant,
  ServedVersion,
  VariantStatus,
} from '../inference/served.ts';
import type { VersionStatistics } from '../inference/statistics.ts';
import { verifyChecksum } from './checksum.ts';
import { Holds } from './holds.ts';
import { labelsByOutput } from './labels.ts';
import { type ModelSettings, settingsOf } from './model-config.ts';
import type { VariantSource, VersionSource } from './model-source.ts';
import type { LoadContext } from './open-variant.ts';

interface Opened {
  readonly served: ServedVariant;
  /** Of the file and the settings it was opened with. */
  readonly fingerprint: string;
}

export interface VersionLoad {
  readonly source: VersionSource;
  readonly settings: ModelSettings;
  /** Loads this variant alone; every selected one when left out. */
  readonly variant?: string;
  /** Tries again what failed before, although nothing changed on disk. */
  readonly retry: boolean;
}

/**
 * One version while the server knows it. Variants are opened beside those that serve, switched to in one step, and
 * what they replace is closed once nobody holds the version any more. A variant that does not open replaces nothing.
 * Calls of `load` and `unload` must not overlap.
 */
export class ManagedVersion {
  readonly version: string;
  readonly #model: string;
  readonly #context: LoadContext;
  readonly #statuses = new Map<string, VariantStatus>();
  readonly #failed = new Map<string, string>();
  readonly #holds = new Holds();
  readonly #drains = new Set<Promise<void>>();
  /** Variants that a load opened, and those that it could not. */
  readonly #ends = { opened: 0, failed: 0 };
  #opened: ReadonlyMap<string, Opened> = new Map();
  #statistics: VersionStatistics | undefined;
  #served: ServedVersion | undefined;
  /** What was last read without a problem, or read last. */
  #source: VersionSource;
  #problem: string | undefined;

  constructor(model: string, source: VersionSource, context: LoadContext) {
    this.#model = model;
    this.version = source.version;
    this.#source = source;
    this.#context = context;
  }

  /** The snapshot that answers now; undefined while no variant is READY. */
  get served(): ServedVersion | undefined {
    return this.#served;
  }

  get defaultVariant(): string {
    return this.#source.defaultVariant;
  }

  /** Never throws: what failed is in the statuses and in `failureOf`. */
  async load(load: VersionLoad): Promise<void> {
    const start = performance.now();
    const before = { ...this.#ends };
    await this.#load(load);
    const { opened, failed } = this.#ends;
    if (opened === before.opened && failed === before.failed) return;
    this.#context.onLoadEnded?.(
      this.#model,
      this.version,
      failed === before.failed,
      performance.now() - start,
    );
  }

  async #load({ source, settings, variant, retry }: VersionLoad): Promise<void> {
    this.#problem = source.problem;
    const previous = this.#source;
    if (source.problem === undefined || this.#opened.size === 0) this.#source = source;
    if (source.problem !== undefined) {
      const names = new Set([...this.#opened.keys(), ...source.selected]);
      for (const name of names) this.#fail(name, source.problem, undefined);
      return;
    }
    const names = variant === undefined ? source.selected : [variant];
    const next = new Map([...this.#opened].filter(([name]) => variant !== undefined || names.includes(name)));
    const idle = this.#served === undefined;
    for (const name of names) {
      const file = source.variants.get(name);
      const opened = file && (await this.#refresh(file, settingsOf(settings, name), retry));
      if (opened === undefined) continue;
      next.set(name, opened);
      // The first variant, the default one, answers while the others are still being opened.
      if (idle && next.size === 1) this.#switch(new Map(next), false);
    }
    const loses = variant === undefined && !next.has(source.defaultVariant);
    if (loses && this.#opened.has(previous.defaultVariant)) this.#keep(previous, next);
    else this.#switch(next, previous.fingerprint !== source.fingerprint);
  }

  /** The new default variant did not open: the version goes on as the old source has it, with what was opened beside. */
  #keep(old: VersionSource, next: ReadonlyMap<string, Opened>): void {
    const reason = this.failureOf(this.defaultVariant) ?? `'${this.defaultVariant}' is not selected`;
    this.#problem = reason;
    this.#source = old;
    this.#switch(new Map([...this.#opened, ...next]), true);
    this.#fail(old.defaultVariant, reason, undefined);
  }

  /** Drains and closes one variant, or all. Settles when their memory is given back. */
  async unload(variant?: string): Promise<void> {
    const leaving = [...this.#opened.keys()].filter((name) => variant === undefined || name === variant);
    const names = variant === undefined ? [...this.#statuses.keys()] : [variant];
    for (const name of leaving) this.#setStatus(name, 'UNLOADING', '');
    this.#switch(new Map([...this.#opened].filter(([name]) => !leaving.includes(name))), true);
    if (variant === undefined) this.#statistics = undefined;
    await this.drained();
    for (const name of names) {
      this.#failed.delete(name);
      if (this.#statuses.get(name)?.state !== 'UNKNOWN') this.#setStatus(name, 'UNAVAILABLE', 'unloaded');
    }
  }

  /** Settles when everything that was replaced or unloaded until now is closed. */
  async drained(): Promise<void> {
    await Promise.all(this.#drains);
  }

  /** Why the last load of a variant failed; undefined when it is READY and up to date. */
  failureOf(variant: string): string | undefined {
    const status = this.#statuses.get(variant);
    if (status?.state === 'READY' && status.reason === '') return undefined;
    return status?.reason ?? this.#problem ?? `variant '${variant}' is not there`;
  }

  has(variant: string): boolean {
    return this.#statuses.has(variant);
  }

  isReady(variant: string): boolean {
    return this.#statuses.get(variant)?.state === 'READY';
  }

  /** The version's row, and one `model@variant` for each variant that is not as the version is. */
  index(): IndexEntry[] {
    const state = this.#state();
    const own = { name: this.#model, version: this.version, state, reason: this.#reason(state) };
    const different = [...this.#statuses].filter(([name, status]) => {
      if (status.state === 'UNKNOWN' || (status.state === 'READY' && status.reason === '')) return false;
      return status.state !== own.state || (status.reason !== own.reason && name !== this.defaultVariant);
    });
    const rows = different.map(([name, status]) => ({
      name: `${this.#model}@${name}`,
      version: this.version,
      state: status.state,
      reason: status.reason,
    }));
    return [own, ...rows];
  }

  /** READY as soon as any variant is; else what the variants are on the way to. */
  #state(): ModelState {
    const states = new Set([...this.#statuses.values()].map(({ state }) => state));
    const order = ['READY', 'LOADING', 'UNLOADING', 'UNAVAILABLE', 'UNKNOWN'] as const;
    return order.find((state) => states.has(state)) ?? 'UNAVAILABLE';
  }

  #reason(state: ModelState): string {
    const status = this.#statuses.get(this.defaultVariant);
    if (status === undefined) return this.#problem ?? '';
    if (status.state === state) return status.reason;
    return `the default variant '${this.defaultVariant}' is ${status.state}: ${status.reason}`;
  }

  async #refresh(file: VariantSource, settings: ModelSettings, retry: boolean): Promise<Opened | undefined> {
    const name = file.variant;
    const fingerprint = JSON.stringify([file.fingerprint, settings]);
    const current = this.#opened.get(name);
    if (current?.fingerprint === fingerprint) {
      this.#setStatus(name, 'READY', '');
      return current;
    }
    if (!retry && this.#failed.get(name) === fingerprint) return current;
    if (current === undefined) this.#setStatus(name, 'LOADING', '');
    try {
      const served = await this.#open(file, settings);
      this.#failed.delete(name);
      this.#ends.opened++;
      return { served, fingerprint };
    } catch (error) {
      this.#failed.set(name, fingerprint);
      this.#fail(name, fromUnknown(error).message, error);
      return current;
    }
  }

  async #open(file: VariantSource, settings: ModelSettings): Promise<ServedVariant> {
    const { openVariant, logger, signal } = this.#context;
    if (signal.aborted) throw unavailable('the server is shutting down');
    if (file.problem !== undefined) throw new InferenceError('failed_precondition', file.problem);
    await verifyChecksum(file, signal);
    const id = { model: this.#model, version: this.version };
    this.#statistics ??= this.#context.statisticsFor(id.model, id.version);
    const main = file.variant === this.#source.defaultVariant;
    const opened = await openVariant({ ...id, variant: file, main, settings, logger, signal });
    const { variant, problem: _, fingerprint: __, dataStamp: ___, dataBytes: ____, ...variantFile } = file;
    return { ...id, variant, ...opened, file: variantFile };
  }

  /** Makes `next` what answers, in one step, and drains what is not part of it any more. */
  #switch(next: ReadonlyMap<string, Opened>, changed: boolean): void {
    const previous = this.#opened;
    const staying = new Set(next.values());
    const leaving = [...previous].filter(([, opened]) => !staying.has(opened));
    const arriving = [...next].filter(([name, opened]) => previous.get(name) !== opened);
    this.#opened = next;
    if (changed || leaving.length > 0 || arriving.length > 0) this.#served = this.#snapshot();
    this.#context.onChange?.();
    for (const [name] of arriving) this.#setStatus(name, 'READY', '');
    this.#listVariants(next);
    if (leaving.length === 0) return;
    const drain = this.#drain(leaving.map(([, { served }]) => served)).finally(() =>
      this.#drains.delete(drain),
    );
    this.#drains.add(drain);
  }

  /** Statuses for what is on disk, and for nothing else that has gone. */
  #listVariants(opened: ReadonlyMap<string, Opened>): void {
    const { variants } = this.#source;
    for (const name of variants.keys()) {
      if (!this.#statuses.has(name)) this.#setStatus(name, 'UNKNOWN', '');
    }
    for (const [name, { state }] of this.#statuses) {
      if (opened.has(name) || state === 'UNLOADING') continue;
      if (state === 'READY') this.#setStatus(name, 'UNAVAILABLE', 'no longer part of the model');
      if (!variants.has(name)) this.#statuses.delete(name);
    }
  }

  #snapshot(): ServedVersion | undefined {
    const [first] = this.#opened.values();
    if (first === undefined || this.#statistics === undefined) return undefined;
    const source = this.#source;
    const main = this.#opened.get(source.defaultVariant) ?? first;
    return {
      model: this.#model,
      version: this.version,
      variants: new Map([...this.#opened].map(([name, { served }]) => [name, served])),
      statuses: this.#statuses,
      defaultVariant: source.defaultVariant,
      folder: source.folder,
      labels: labelsByOutput(source.labels, main.served.signature),
      ...(source.task === undefined ? {} : { task: source.task }),
      statistics: this.#statistics,
      hold: () => this.#holds.take(),
    };
  }

  async #drain(variants: readonly ServedVariant[]): Promise<void> {
    await this.#holds.released();
    const closed = await Promise.allSettled(variants.map(({ runner }) => runner.close()));
    for (const result of closed) {
      if (result.status === 'fulfilled') continue;
      this.#context.logger.error({ err: result.reason, model: this.#model }, 'variant did not close');
    }
  }

  #fail(variant: string, reason: string, error: unknown): void {
    this.#ends.failed++;
    const id = { model: this.#model, version: this.version, variant };
    this.#context.logger.warn({ ...id, reason, err: error }, 'variant failed to load');
    if (this.#opened.has(variant)) {
      this.#setStatus(variant, 'READY', `the last reload failed, what was loaded before serves: ${reason}`);
    } else {
      this.#setStatus(variant, 'UNAVAILABLE', reason);
    }
  }

  #setStatus(variant: string, state: ModelState, reason: string): void {
    const before = this.#statuses.get(variant);
    const source = this.#source.variants.get(variant);
    const file = source ?? before?.file ?? { name: '', path: '', bytes: 0 };
    this.#statuses.set(variant, { state, reason, file });
    if (before?.state === state && before.reason === reason) return;
    const id = { model: this.#model, version: this.version, variant };
    this.#context.logger.debug({ ...id, state, reason }, 'variant changed state');
    this.#context.onChange?.();
    this.#context.onStateChange(this.#model, this.version, variant, state, reason);
  }
}
