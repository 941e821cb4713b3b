import { fromUnknown } from '../errors.ts';
import type { IndexEntry, Registry, ServedVariant, ServedVersion } from '../inference/served.ts';
import { type PackedError, packError } from './packed-messages.ts';

/** What the gateways read of a variant: everything but what runs it. */
export type VariantDescription = Omit<ServedVariant, 'runner' | 'spare' | 'refusal' | 'observer'>;

/** What the gateways and the tasks read of a version. */
export interface VersionDescription extends Omit<ServedVersion, 'variants' | 'statistics' | 'hold'> {
  /** Number of the snapshot: another one stands for the version when what is loaded of it has changed. */
  readonly snapshot: number;
  readonly variants: ReadonlyMap<string, VariantDescription>;
}

export interface ModelDescription {
  /** READY versions, ascending. */
  readonly versions: readonly string[];
  /** What answers for a version, by its name and for the empty one: the number of a snapshot, or why nothing does. */
  readonly answers: ReadonlyMap<string, number | PackedError>;
  readonly rollout: boolean;
}

/** What is loaded, as a gateway thread knows it. */
export interface Mirror {
  readonly revision: number;
  readonly accepting: boolean;
  readonly ready: boolean;
  readonly missing: readonly string[];
  readonly index: readonly IndexEntry[];
  readonly models: ReadonlyMap<string, ModelDescription>;
  readonly snapshots: readonly VersionDescription[];
}

/**
 * @param known the rows of the index that are the model's
 * @param numberOf gives each snapshot of a version its number
 */
export function describeModel(
  registry: Registry,
  name: string,
  known: readonly IndexEntry[],
  rollout: boolean,
  numberOf: (served: ServedVersion) => number,
): ModelDescription {
  const versions = registry.versions(name);
  const answers = new Map<string, number | PackedError>();
  for (const version of new Set(['', ...known.map((row) => row.version), ...versions])) {
    try {
      answers.set(version, numberOf(registry.version(name, version === '' ? undefined : version)));
    } catch (error) {
      answers.set(version, packError(fromUnknown(error)));
    }
  }
  return { versions, answers, rollout };
}

export function describeVersion(served: ServedVersion, snapshot: number): VersionDescription {
  const { model, version, defaultVariant, folder, labels, task } = served;
  return {
    snapshot,
    model,
    version,
    variants: new Map([...served.variants].map(([name, variant]) => [name, describeVariant(variant)])),
    statuses: served.statuses,
    defaultVariant,
    folder,
    labels,
    ...(task === undefined ? {} : { task }),
  };
}

function describeVariant(served: ServedVariant): VariantDescription {
  const { model, version, variant, signature, batching, file, defaults } = served;
  const { instances, intraOpThreads, executionProviders, omittedOutputs } = served;
  return {
    model,
    version,
    variant,
    signature,
    batching,
    file,
    instances,
    intraOpThreads,
    executionProviders,
    omittedOutputs,
    ...(defaults === undefined ? {} : { defaults }),
  };
}
