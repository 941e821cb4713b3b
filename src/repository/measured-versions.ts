import { messageOf } from '../errors.ts';
import { listFolder, readJson } from './contained-folder.ts';
import { type Measurements, measurementsOf } from './measurements.ts';
import type { ModelRepository, VariantSource, VersionSource } from './model-source.ts';
import { parseVariantsFile, type VariantsFile } from './variants-file.ts';

/** One file of a version: what lies on disk, and what variants.json says of it. */
export interface MeasuredFile {
  readonly source: VariantSource;
  readonly precision?: string;
  readonly accuracy?: number;
  readonly measurements: Measurements;
}

export interface MeasuredVersion {
  readonly model: string;
  /** Empty for a model of which no version can be read. */
  readonly version: string;
  readonly task?: string;
  readonly defaultVariant: string;
  /** Where the data came from: its name, licence and source. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The default variant first, then as variants.json names them, then by name. */
  readonly files: readonly MeasuredFile[];
  /** Why it cannot be served. */
  readonly problem?: string;
}

/** Every version of a repository with its figures. Throws `failed_precondition` when the repository cannot be read. */
export async function readMeasuredVersions(repository: ModelRepository): Promise<MeasuredVersion[]> {
  const { models } = await repository.scan();
  const read = models.map(async ({ name, versions, problem }) => {
    if (versions.length > 0) return Promise.all(versions.map((version) => readVersion(name, version)));
    return [{ model: name, version: '', defaultVariant: '', data: {}, files: [], problem: problem ?? '' }];
  });
  return (await Promise.all(read)).flat();
}

async function readVersion(model: string, version: VersionSource): Promise<MeasuredVersion> {
  const { file, fault } = await readVariantsFile(version.folder);
  const problem = version.problem ?? fault;
  const named = [version.defaultVariant, ...Object.keys(file?.variants ?? {})];
  const order = new Set([...named, ...[...version.variants.keys()].sort()]);
  return {
    model,
    version: version.version,
    ...(version.task === undefined ? {} : { task: version.task }),
    defaultVariant: version.defaultVariant,
    data: file?.data ?? {},
    files: [...order].flatMap((name) => {
      const source = version.variants.get(name);
      return source === undefined ? [] : [withFigures(source, file)];
    }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function withFigures(source: VariantSource, file: VariantsFile | undefined): MeasuredFile {
  const record = file?.variants[source.variant];
  const { precision, accuracy } = record ?? {};
  return {
    source,
    ...(precision === undefined ? {} : { precision }),
    ...(accuracy === undefined ? {} : { accuracy }),
    measurements: measurementsOf(record ?? { file: source.name }),
  };
}

async function readVariantsFile(folder: string): Promise<{ file?: VariantsFile; fault?: string }> {
  try {
    const entry = (await listFolder(folder, folder)).files.get('variants.json');
    return entry === undefined ? {} : { file: parseVariantsFile(await readJson(entry)) };
  } catch (error) {
    return { fault: messageOf(error) };
  }
}
