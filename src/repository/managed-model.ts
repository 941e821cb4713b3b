import { InferenceError, notFound, unavailable } from '../errors.ts';
import { versionMissing } from '../inference/missing.ts';
import type { IndexEntry, ServedVersion } from '../inference/served.ts';
import { ManagedVersion } from './managed-version.ts';
import type { ModelSource, VersionSource } from './model-source.ts';
import type { LoadContext } from './open-variant.ts';
import { selectVersions } from './version-policy.ts';

export interface ModelLoad {
  readonly source: ModelSource;
  /** Loads this variant alone, in every version the policy serves. */
  readonly variant?: string;
  /** Tries again what failed before, although nothing changed on disk. */
  readonly retry: boolean;
}

/**
 * One model while the server knows it: its versions, and what is wrong with it. A version goes only when every version
 * that is to be served answers. Calls of `load` and `unload` must not overlap.
 */
export class ManagedModel {
  readonly name: string;
  readonly #context: LoadContext;
  readonly #versions = new Map<string, ManagedVersion>();
  readonly #retiring = new Map<ManagedVersion, Promise<void>>();
  #problem = '';
  #required = true;
  #fingerprint = '';

  constructor(name: string, context: LoadContext) {
    this.name = name;
    this.#context = context;
  }

  get required(): boolean {
    return this.#required;
  }

  /** Of the source that was loaded last, well or badly; empty when nothing of it is to be kept. */
  get fingerprint(): string {
    return this.#fingerprint;
  }

  /** READY versions, ascending. */
  get ready(): readonly string[] {
    const ready = [...this.#versions].filter(([, { served }]) => served !== undefined);
    return ready.map(([version]) => version).sort((a, b) => Number(a) - Number(b));
  }

  /** Whether a request for the model, or for one variant of it, can be answered. */
  answers(variant?: string): boolean {
    return [...this.#versions.values()].some((version) => version.isReady(variant ?? version.defaultVariant));
  }

  isDefault(variant: string): boolean {
    return [...this.#versions.values()].some(({ defaultVariant }) => defaultVariant === variant);
  }

  /** Notes why nothing of the model can be loaded; what is loaded stays. */
  fail(problem: string): void {
    this.#note(problem);
    const versions = this.#versions.size === 0 ? [''] : this.#versions.keys();
    for (const version of versions) this.#context.onLoadEnded?.(this.name, version, false);
  }

  #note(problem: string): void {
    this.#problem = problem;
    this.#context.onChange?.();
    this.#context.logger.warn({ model: this.name, reason: problem }, 'model failed to load');
  }

  /**
   * Loads what the source has and the policy selects. Throws `failed_precondition` with every reason when a default
   * variant (or `variant`, where it is given) is not READY with what is on disk; `not_found` for an unknown variant.
   */
  async load({ source, variant, retry }: ModelLoad): Promise<void> {
    this.#fingerprint = source.fingerprint;
    this.#required = source.settings.required;
    const first =
      source.problem === undefined
        ? await this.#context.rollouts?.configured(this.name, source.settings.rollout)
        : undefined;
    this.#problem = '';
    this.#context.onChange?.();
    const { logger } = this.#context;
    for (const warning of source.warnings) logger.warn({ model: this.name, warning }, 'model configuration');
    const wanted = this.#wanted(source, variant);
    const failures: string[] = [];
    for (const version of inLoadOrder(wanted, first)) {
      const managed =
        this.#versions.get(version.version) ?? new ManagedVersion(this.name, version, this.#context);
      this.#versions.set(version.version, managed);
      await managed.load({
        source: version,
        settings: source.settings,
        retry,
        ...(variant === undefined ? {} : { variant }),
      });
      const main = variant ?? version.defaultVariant;
      const failure = managed.failureOf(main);
      if (failure !== undefined) failures.push(`version ${version.version} variant '${main}': ${failure}`);
    }
    if (failures.length > 0) {
      const reason = failures.join('; ');
      this.#note(reason);
      this.#context.rollouts?.check(this.name);
      throw this.#loadError(reason);
    }
    if (variant === undefined) this.#retireOthers(new Set(wanted.map(({ version }) => version)));
    logger.info({ model: this.name, versions: this.ready, variant }, 'model loaded');
    this.#context.rollouts?.check(this.name);
  }

  /** Drains and closes the model, or one variant of it. `not_found` for a variant that no version has. */
  async unload(variant?: string): Promise<void> {
    const versions = [...this.#versions.values()];
    if (variant !== undefined && !versions.some((version) => version.has(variant))) {
      throw notFound(`model '${this.name}' has no variant '${variant}'`);
    }
    this.#fingerprint = '';
    if (variant === undefined) this.#problem = '';
    this.#context.onChange?.();
    const having = versions.filter((version) => variant === undefined || version.has(variant));
    await Promise.all(having.map((version) => version.unload(variant)));
    if (variant === undefined) await this.drained();
    this.#context.logger.info({ model: this.name, variant }, 'model unloaded');
  }

  /** Settles when everything that was replaced or retired until now is closed. */
  async drained(): Promise<void> {
    await Promise.all([
      ...this.#retiring.values(),
      ...[...this.#versions.values()].map((each) => each.drained()),
    ]);
  }

  /** The named version, or the newest whose default variant is READY, or the newest. See `Registry.version`. */
  version(wanted?: string): ServedVersion {
    if (wanted !== undefined) {
      const managed = this.#versions.get(wanted);
      if (managed === undefined) throw versionMissing(this.name, wanted, [...this.#versions.keys()]);
      return managed.served ?? this.#notReady(managed);
    }
    const newestFirst = [...this.#versions].sort(([a], [b]) => Number(b) - Number(a)).map(([, each]) => each);
    const whole = newestFirst.find((each) => each.served !== undefined && each.isReady(each.defaultVariant));
    const served = (whole ?? newestFirst.find((each) => each.served !== undefined))?.served;
    return served ?? this.#notReady(newestFirst[0]);
  }

  index(): IndexEntry[] {
    const reason = this.#problem;
    const retiring = [...this.#retiring.keys()].filter(({ version }) => !this.#versions.has(version));
    const versions = [...this.#versions.values(), ...retiring];
    if (versions.length === 0) {
      return [{ name: this.name, version: '', state: reason === '' ? 'UNKNOWN' : 'UNAVAILABLE', reason }];
    }
    const rows = versions
      .sort((a, b) => Number(a.version) - Number(b.version))
      .flatMap((each) => each.index());
    return reason === ''
      ? rows
      : rows.map((row) => (row.name === this.name && row.reason === '' ? { ...row, reason } : row));
  }

  #wanted({ problem, versions, settings }: ModelSource, variant?: string): readonly VersionSource[] {
    if (problem !== undefined) throw this.#failure(problem);
    const { versionPolicy } = settings;
    const selected = selectVersions(versions, versionPolicy);
    const onDisk = versions.map(({ version }) => version).join(', ');
    if (selected.length === 0) {
      throw this.#failure(`no version fits the version policy, on disk: ${onDisk}`);
    }
    if (typeof versionPolicy === 'object' && 'specific' in versionPolicy) {
      const absent = versionPolicy.specific.find(
        (each) => !versions.some(({ version }) => version === `${each}`),
      );
      if (absent !== undefined) {
        throw this.#failure(`the version policy names version ${absent}, on disk: ${onDisk}`);
      }
    }
    if (variant === undefined) return selected;
    const having = selected.filter(({ variants }) => variants.has(variant));
    if (having.length === 0) throw notFound(`model '${this.name}' has no variant '${variant}'`);
    return having;
  }

  #failure(reason: string): InferenceError {
    this.fail(reason);
    return this.#loadError(reason);
  }

  #loadError(reason: string): InferenceError {
    return new InferenceError('failed_precondition', `failed to load '${this.name}': ${reason}`);
  }

  #retireOthers(wanted: ReadonlySet<string>): void {
    for (const [version, managed] of this.#versions) {
      if (wanted.has(version)) continue;
      this.#versions.delete(version);
      const retired = managed.unload().finally(() => this.#retiring.delete(managed));
      this.#retiring.set(managed, retired);
    }
  }

  #notReady(managed: ManagedVersion | undefined): never {
    const [row] = managed?.index() ?? this.index();
    const version = managed === undefined ? '' : ` version ${managed.version}`;
    const reason = row === undefined || row.reason === '' ? '' : `: ${row.reason}`;
    throw unavailable(
      `model '${this.name}'${version} is not ready, it is ${row?.state ?? 'UNKNOWN'}${reason}`,
    );
  }
}

/** The newest first, after `first`: until it is known, it is a version that the model lacks. */
const inLoadOrder = (versions: readonly VersionSource[], first: string | undefined): VersionSource[] => [
  ...versions.filter(({ version }) => version === first),
  ...versions.filter(({ version }) => version !== first).toReversed(),
];
