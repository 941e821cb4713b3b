import { modelMissing, versionMissing } from '../inference/missing.ts';
import type { IndexEntry, LoadOptions, Registry, ServedVersion } from '../inference/served.ts';
import type { Mirror, ModelDescription } from './mirror.ts';
import { MirroredVersion } from './mirrored-version.ts';
import { unpackError } from './packed-messages.ts';

/** Where a model is loaded: `name` may be `name@variant`. */
export interface ModelControl {
  load(name: string, config?: string): Promise<void>;
  unload(name: string): Promise<void>;
}

export interface MirroredRegistryOptions {
  readonly control: ModelControl;
  /** A snapshot that the mirror has no more, and nobody here uses. */
  readonly onDropped: (snapshot: number) => void;
}

/** What is loaded, as the main thread told last. */
export class MirroredRegistry implements Registry {
  readonly #options: MirroredRegistryOptions;
  readonly #versions = new Map<number, MirroredVersion>();
  #mirror: Mirror = NOTHING;

  constructor(options: MirroredRegistryOptions) {
    this.#options = options;
  }

  /** Returns the versions that were not there before. */
  update(mirror: Mirror): ServedVersion[] {
    this.#mirror = mirror;
    const numbers = new Set(mirror.snapshots.map(({ snapshot }) => snapshot));
    for (const [number, version] of this.#versions) {
      if (numbers.has(number)) continue;
      this.#versions.delete(number);
      version.retire();
    }
    const arrived: ServedVersion[] = [];
    for (const description of mirror.snapshots) {
      const { snapshot } = description;
      const known = this.#versions.get(snapshot);
      known?.update(description);
      if (known !== undefined) continue;
      const version = new MirroredVersion(description, () => this.#options.onDropped(snapshot));
      this.#versions.set(snapshot, version);
      arrived.push(version);
    }
    return arrived;
  }

  get accepting(): boolean {
    return this.#mirror.accepting;
  }

  get ready(): boolean {
    return this.#mirror.ready;
  }

  get missing(): readonly string[] {
    return this.#mirror.missing;
  }

  models(): readonly string[] {
    const ready = [...this.#mirror.models].filter(([, { versions }]) => versions.length > 0);
    return ready.map(([name]) => name).sort();
  }

  versions(model: string): readonly string[] {
    return this.#find(model).versions;
  }

  version(model: string, version?: string): ServedVersion {
    const { answers } = this.#find(model);
    const answer = answers.get(version ?? '');
    if (typeof answer === 'object' && answer.code !== 'not_found') throw unpackError(answer);
    const served = typeof answer === 'number' ? this.#versions.get(answer) : undefined;
    if (served === undefined) throw versionMissing(model, version ?? '', knownVersions(answers));
    return served;
  }

  index(): readonly IndexEntry[] {
    return this.#mirror.index;
  }

  /** Whether the main thread decides who answers for the model; a name with a variant follows no rollout. */
  hasRollout(model: string): boolean {
    return this.#mirror.models.get(model)?.rollout === true;
  }

  load(model: string, { variant, config }: LoadOptions = {}): Promise<void> {
    return this.#options.control.load(named(model, variant), config);
  }

  unload(model: string, variant?: string): Promise<void> {
    return this.#options.control.unload(named(model, variant));
  }

  #find(model: string): ModelDescription {
    const description = this.#mirror.models.get(model);
    if (description === undefined) throw modelMissing(model);
    return description;
  }
}

/** Those that are on their way out are in the index, and are not found. */
const knownVersions = (answers: ModelDescription['answers']): string[] =>
  [...answers]
    .filter(
      ([version, answer]) => version !== '' && (typeof answer === 'number' || answer.code !== 'not_found'),
    )
    .map(([version]) => version);

const named = (model: string, variant: string | undefined): string =>
  variant === undefined ? model : `${model}@${variant}`;

const NOTHING: Mirror = {
  revision: 0,
  accepting: false,
  ready: false,
  missing: [],
  index: [],
  models: new Map(),
  snapshots: [],
};
