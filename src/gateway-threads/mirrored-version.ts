import { InferenceError } from '../errors.ts';
import { SILENT_OBSERVER } from '../inference/observer.ts';
import type { Runner } from '../inference/runner.ts';
import type { ServedVariant, ServedVersion, VariantStatus } from '../inference/served.ts';
import type { VersionStatistics } from '../inference/statistics.ts';
import type { VersionDescription } from './mirror.ts';

/** A version as a gateway thread has it: the main thread runs it and counts, this says what it is. */
export class MirroredVersion implements ServedVersion {
  readonly snapshot: number;
  readonly model: string;
  readonly version: string;
  readonly variants: ReadonlyMap<string, ServedVariant>;
  readonly defaultVariant: string;
  readonly folder: string;
  readonly labels: ReadonlyMap<string, readonly string[]>;
  declare readonly task?: string;
  readonly statistics: VersionStatistics = { snapshot: elsewhere };
  readonly #onUnused: () => void;
  #statuses: ReadonlyMap<string, VariantStatus>;
  #holds = 0;
  #retired = false;

  /** @param onUnused called once, when it is retired and nobody holds it */
  constructor(description: VersionDescription, onUnused: () => void) {
    const { snapshot, model, version, variants, statuses, defaultVariant, folder, labels, task } =
      description;
    this.snapshot = snapshot;
    this.model = model;
    this.version = version;
    this.variants = new Map(
      [...variants].map(([name, variant]) => [
        name,
        { ...variant, runner: RUNNER, observer: SILENT_OBSERVER },
      ]),
    );
    this.#statuses = statuses;
    this.defaultVariant = defaultVariant;
    this.folder = folder;
    this.labels = labels;
    if (task !== undefined) this.task = task;
    this.#onUnused = onUnused;
  }

  get statuses(): ReadonlyMap<string, VariantStatus> {
    return this.#statuses;
  }

  /** The same snapshot, told of again. */
  update({ statuses }: VersionDescription): void {
    this.#statuses = statuses;
  }

  hold(): () => void {
    let held = true;
    this.#holds++;
    return () => {
      if (!held) return;
      held = false;
      this.#holds--;
      this.#look();
    };
  }

  /** Nobody will be given it any more. */
  retire(): void {
    this.#retired = true;
    this.#look();
  }

  #look(): void {
    if (this.#retired && this.#holds === 0) this.#onUnused();
  }
}

/** A request goes to the main thread whole (`remote-data-plane.ts`), where it meets the real runner and observer. */
function elsewhere(): never {
  throw new InferenceError('internal', 'a gateway thread runs and counts nothing itself');
}

const RUNNER: Runner = { run: async () => elsewhere(), close: async () => {} };
