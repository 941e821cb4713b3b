import { mkdtempSync, rmSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { messageOf } from '../../src/errors.ts';
import { type ModelSettings, settingsOf } from '../../src/repository/model-config.ts';
import { openRepository } from '../../src/repository/model-repository.ts';
import { selectVersions } from '../../src/repository/version-policy.ts';
import type { Settings } from './configuration.ts';

/** The model that is tuned, as it lies on disk. */
export interface TunedModel {
  readonly name: string;
  readonly variant: string;
  /** Whether the variant was named: its settings then are its own, not the model's. */
  readonly variantNamed: boolean;
  /** Where model.json lies or would lie. */
  readonly folder: string;
  /** Where the version's files lie; the same folder where the model has no version folders. */
  readonly versionFolder: string;
  /** The variant's file, and its bytes with its external data. */
  readonly path: string;
  readonly bytes: number;
  /** What is configured for the variant now. */
  readonly settings: ModelSettings;
}

/** Finds `model` or `model@variant` in a repository. Rejects naming the flag where there is none that can be served. */
export async function findModel(repository: string, asked: string): Promise<TunedModel> {
  const [name = '', variant] = asked.split('@');
  const root = await rootOf(repository);
  const opened = openRepository({ path: repository });
  const source = await opened.find(name);
  if (source === undefined) {
    const { models } = await opened.scan();
    const there = models.map((model) => model.name).join(', ');
    throw new Error(
      `--model is '${asked}': ${repository} has no such model${there === '' ? '' : `, it has ${there}`}`,
    );
  }
  const version = selectVersions(source.versions, source.settings.versionPolicy).at(-1);
  const problem = source.problem ?? version?.problem;
  if (version === undefined || problem !== undefined) {
    throw new Error(`--model is '${asked}', which cannot be served: ${problem ?? 'no version is selected'}`);
  }
  const wanted = variant ?? version.defaultVariant;
  const file = version.variants.get(wanted);
  if (file === undefined) {
    const names = [...version.variants.keys()].join(', ');
    throw new Error(`--model is '${asked}': there is no variant '${wanted}', there are ${names}`);
  }
  return {
    name,
    variant: wanted,
    variantNamed: variant !== undefined,
    folder: modelFolder(root, version.folder, name),
    versionFolder: version.folder,
    path: file.path,
    bytes: file.bytes,
    settings: settingsOf(source.settings, wanted),
  };
}

async function rootOf(repository: string): Promise<string> {
  const path = resolve(repository);
  const kind = await stat(path).catch((error: unknown) => {
    throw new Error(`--repository is '${repository}', which cannot be read: ${messageOf(error)}`);
  });
  return realpath(kind.isFile() ? dirname(path) : path);
}

/** The root may be the model itself, with or without version folders, or a folder of models. */
function modelFolder(root: string, versionFolder: string, name: string): string {
  const [first, second] = relative(root, versionFolder).split(sep);
  if (first === undefined || first === '') return root;
  return second === undefined && first !== name ? root : join(root, first);
}

const CONFIGURATIONS = ['model.json', 'config.pbtxt'];

/** A repository in which the model stands once for each configuration; it is gone when this process is. */
export class Copies implements Disposable {
  readonly path: string;
  readonly #model: TunedModel;
  readonly #remove = (): void => rmSync(this.path, { recursive: true, force: true });

  constructor(model: TunedModel) {
    this.path = mkdtempSync(join(tmpdir(), 'sluice-tune-'));
    this.#model = model;
    process.once('exit', this.#remove);
  }

  /** Links the model's files under another name and configures the copy. */
  async add(name: string, keys: Settings): Promise<void> {
    const folder = join(this.path, name);
    await linkFolder(this.#model.versionFolder, join(folder, '1'));
    await writeFile(join(folder, 'model.json'), JSON.stringify(copySettings(this.#model, keys)));
  }

  remove(name: string): void {
    rmSync(join(this.path, name), { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#remove);
    this.#remove();
  }
}

/** The settings of a copy: the one variant with what is configured for it, but for the keys that are tuned. */
function copySettings({ settings, variant }: TunedModel, keys: Settings): object {
  const {
    instances: _instances,
    intraOpThreads: _threads,
    maxBatchSize: _batch,
    maxQueueDelayMicroseconds: _delay,
    labels: _labels,
    versionPolicy: _policy,
    variantSettings: _variants,
    preferredBatchSizes,
    ...others
  } = settings;
  const most = keys.maxBatchSize;
  return {
    ...others,
    preferredBatchSizes: preferredBatchSizes.filter((size) => most === undefined || size <= most),
    variants: [variant],
    defaultVariant: variant,
    ...keys,
  };
}

/** Hard links cost nothing; another file system, or another owner of the files, makes copies of them. */
async function linkFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    if (name.startsWith('.') || CONFIGURATIONS.includes(name)) continue;
    const real = await realpath(join(from, name));
    if ((await stat(real)).isDirectory()) await linkFolder(real, join(to, basename(name)));
    else await link(real, join(to, name)).catch(() => copyFile(real, join(to, name)));
  }
}

/** The parsed JSON file of an export, undefined where it has none. */
export async function readSidecar(model: TunedModel, name: string): Promise<unknown> {
  const text = await readFile(join(model.versionFolder, name), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}
