import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { InferenceError, messageOf } from '../errors.ts';
import { isName, isVersion } from '../inference/names.ts';
import { type FolderEntries, listFolder, unreadable } from './contained-folder.ts';
import { brokenModel, isModelFolder, readModel, versionFolders } from './model-reader.ts';
import type { ModelRepository, ModelSource, RepositoryScan } from './model-source.ts';
import { holdsOnnx } from './version-reader.ts';

export interface RepositoryOptions {
  /** A folder of models, a folder that is one model, or an ONNX file. */
  readonly path: string;
  /** Name of a repository that is itself one model; left out or empty: its folder's, or its file's. */
  readonly modelName?: string;
}

/** Where a model is: found by listing, so that a name of a client is only ever compared. */
interface Place {
  readonly name: string;
  readonly ownName: boolean;
  readonly root: string;
  readonly entries: FolderEntries;
}

interface Places {
  readonly places: readonly Place[];
  readonly broken: readonly ModelSource[];
  readonly warnings: readonly string[];
}

/**
 * A repository on disk, in any of these layouts, told apart by what lies there: `<model>/<version>/model*.onnx` (also
 * with Triton's config.pbtxt), `<model>/` as a Hugging Face export or bare model*.onnx, or one such model (or a single
 * ONNX file) as the root itself, as KServe mounts it.
 */
export function openRepository({ path, modelName = '' }: RepositoryOptions): ModelRepository {
  const find = () => findPlaces(resolve(path), modelName);
  return {
    async scan(): Promise<RepositoryScan> {
      const { places, broken, warnings } = await find();
      const models = await Promise.all(places.map((place) => readModel(place)));
      return { models: [...models, ...broken].sort(byName), warnings };
    },
    async find(name, config) {
      const { places, broken } = await find();
      const place = places.find((each) => each.name === name);
      if (place === undefined) return broken.find((each) => each.name === name);
      return readModel(config === undefined ? place : { ...place, config });
    },
  };
}

const byName = (a: ModelSource, b: ModelSource): number => (a.name < b.name ? -1 : 1);

async function findPlaces(path: string, modelName: string): Promise<Places> {
  const kind = await stat(path).catch((error: unknown) => {
    throw unreadable(`model repository ${path}`, error);
  });
  const real = await rootOf(path);
  if (kind.isFile()) return single(await fileRoot(real), modelName || nameOfFile(real), dirname(real));
  const entries = await listFolder(real, real);
  if (await isSingleModel(entries)) {
    const warnings = await foldersLeftOut(entries);
    return { ...single(entries, modelName || basename(path), real), warnings };
  }
  return folderOfModels(entries, real);
}

/**
 * The real path, where it leads to the same place: a link through `/proc/<pid>/root` into another container, as KServe
 * makes for a model in an image, does not.
 */
async function rootOf(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    const [there, here] = await Promise.all([stat(real), stat(path)]);
    if (there.dev === here.dev && there.ino === here.ino) return real;
  } catch {
    // It leads nowhere here.
  }
  return resolve(path);
}

/** Whether the root is one model: it holds ONNX files, version folders, or an `onnx` folder beside a config.json. */
async function isSingleModel(root: FolderEntries): Promise<boolean> {
  const names = [...root.files.keys(), ...root.refused.keys()];
  if (names.some((name) => name.endsWith('.onnx'))) return true;
  if ((await versionFolders(root, root.folder)).length > 0) return true;
  return root.files.has('config.json') && (await holdsOnnx(root, root.folder));
}

/** Models that lie beside a model in the root: nobody would find out why they are not served. */
async function foldersLeftOut(root: FolderEntries): Promise<string[]> {
  const warnings: string[] = [];
  for (const [name, folder] of root.folders) {
    if (name === 'onnx' || isVersion(name)) continue;
    // One that cannot be read, as the lost+found of a volume, is not served either way, and keeps no model from it.
    const readable = await listFolder(folder, root.folder).catch(() => undefined);
    if (readable !== undefined && (await isModelFolder(readable, root.folder).catch(() => false))) {
      warnings.push(`folder ${JSON.stringify(name)} is not served: the repository is itself one model`);
    }
  }
  return warnings;
}

/** The folder of a lone file, as if nothing else lay in it but its external data. */
async function fileRoot(file: string): Promise<FolderEntries> {
  if (!file.endsWith('.onnx')) {
    throw new InferenceError(
      'failed_precondition',
      `model repository ${file} is not a folder or an .onnx file`,
    );
  }
  const name = basename(file);
  const entries = await listFolder(dirname(file), dirname(file));
  const files = new Map([...entries.files].filter(([each]) => each === name || !each.endsWith('.onnx')));
  return { ...entries, files, folders: new Map() };
}

/** A file's own name says more than its folder's, unless it is the one every export has. */
function nameOfFile(file: string): string {
  const name = basename(file, '.onnx');
  return name === 'model' ? basename(dirname(file)) : name;
}

function single(entries: FolderEntries, name: string, root: string): Places {
  if (!isName(name)) {
    throw new InferenceError(
      'failed_precondition',
      `'${name}' is not a model name: give one with --model-name`,
    );
  }
  return { places: [{ name, ownName: false, root, entries }], broken: [], warnings: [] };
}

async function folderOfModels(repository: FolderEntries, root: string): Promise<Places> {
  const places: Place[] = [];
  const broken: ModelSource[] = [];
  const warnings: string[] = [];
  for (const [name, kind] of repository.refused) {
    if (kind === 'folder' && isName(name))
      broken.push(brokenModel(name, 'its folder is a link that leads out of the repository'));
  }
  for (const [name, folder] of repository.folders) {
    try {
      const entries = await listFolder(folder, root);
      if (!(await isModelFolder(entries, root))) continue;
      if (isName(name)) places.push({ name, ownName: true, root, entries });
      else warnings.push(`folder ${JSON.stringify(name)} is not served: its name is not a model name`);
    } catch (error) {
      if (isName(name)) broken.push(brokenModel(name, messageOf(error)));
    }
  }
  return { places, broken, warnings };
}
