import { invalidArgument, messageOf } from '../errors.ts';
import { isVersion } from '../inference/names.ts';
import { type FolderEntries, listFolder, readJson, readText } from './contained-folder.ts';
import { DEFAULT_SETTINGS, type ModelSettings, parseModelConfig } from './model-config.ts';
import type { ModelSource, VersionSource } from './model-source.ts';
import { isTritonConfig, parseTritonText, readTritonConfig, type TritonReading } from './triton-config.ts';
import { holdsOnnx, readVersion } from './version-reader.ts';

export interface ModelFolder {
  readonly name: string;
  readonly entries: FolderEntries;
  /** Real path that nothing may lead out of. */
  readonly root: string;
  /** JSON that is used instead of the configuration on disk. */
  readonly config?: string;
  /** False where the name was given by the operator, so that config.pbtxt may have another one. */
  readonly ownName: boolean;
}

const CONFIG_FILES = ['model.json', 'config.pbtxt'];

/** Whether a folder is a model: it has versions, ONNX files or a configuration. */
export async function isModelFolder(entries: FolderEntries, root: string): Promise<boolean> {
  if (CONFIG_FILES.some((name) => entries.files.has(name))) return true;
  return (await holdsOnnx(entries, root)) || (await versionFolders(entries, root)).length > 0;
}

/** The version folders of a model that hold ONNX files, ascending. */
export async function versionFolders(
  entries: FolderEntries,
  root: string,
): Promise<[string, FolderEntries][]> {
  const found: [string, FolderEntries][] = [];
  for (const [name, path] of entries.folders) {
    if (!isVersion(name)) continue;
    const version = await listFolder(path, root);
    if (await holdsOnnx(version, root)) found.push([name, version]);
  }
  return found.sort(([a], [b]) => Number(a) - Number(b));
}

/** Reads one model. What is wrong with it is told in `problem` of the model or of a part, never thrown. */
export async function readModel(folder: ModelFolder): Promise<ModelSource> {
  const { name } = folder;
  try {
    const reading = await readSettings(folder);
    if (folder.ownName && reading.name !== undefined && reading.name !== '' && reading.name !== name) {
      throw invalidArgument(`config.pbtxt: name is '${reading.name}', the folder's is '${name}'`);
    }
    const { settings, warnings } = reading;
    const versions = await readVersions(folder, reading);
    const fingerprint = JSON.stringify([settings, versions.map((version) => version.fingerprint)]);
    const problem = versions.length === 0 ? { problem: 'no version with an ONNX file' } : {};
    return { name, versions, settings, warnings, fingerprint, ...problem };
  } catch (error) {
    return brokenModel(name, messageOf(error));
  }
}

/** A model of which nothing can be said but why. It is required, as a model without configuration is. */
export const brokenModel = (name: string, problem: string): ModelSource => ({
  name,
  versions: [],
  settings: DEFAULT_SETTINGS,
  problem,
  warnings: [],
  fingerprint: problem,
});

async function readVersions(
  { entries, root }: ModelFolder,
  { settings, defaultFile }: TritonReading,
): Promise<VersionSource[]> {
  const file = defaultFile === undefined ? {} : { defaultFile };
  const numbered = await versionFolders(entries, root);
  if (numbered.length === 0 && (await holdsOnnx(entries, root))) {
    return [await readVersion({ version: '1', entries, root, settings, ...file })];
  }
  return Promise.all(
    numbered.map(([version, own]) =>
      readVersion({ version, entries: own, parent: entries, root, settings, ...file }),
    ),
  );
}

async function readSettings({ entries, config }: ModelFolder): Promise<TritonReading> {
  if (config !== undefined) return parseConfigOverride(config);
  const json = entries.files.get('model.json');
  const text = entries.files.get('config.pbtxt');
  for (const name of CONFIG_FILES) {
    if (entries.refused.has(name))
      throw invalidArgument(`${name} is a link that leads out of the repository`);
  }
  if (json !== undefined) {
    const settings = parseModelConfig(await readJson(json), 'model.json');
    const warnings = text === undefined ? [] : ['config.pbtxt is ignored, model.json is there'];
    return { settings, warnings };
  }
  if (text !== undefined) return parseTritonText(await readText(text), 'config.pbtxt');
  return { settings: DEFAULT_SETTINGS, warnings: [] };
}

/** The configuration of a load request: model.json keys, or a Triton model configuration. Throws `invalid_argument`. */
export function parseConfigOverride(config: string): TritonReading {
  let value: unknown;
  try {
    value = JSON.parse(config);
  } catch (error) {
    throw invalidArgument(`config: ${messageOf(error)}`);
  }
  const triton = typeof value === 'object' && value !== null && isTritonConfig(value);
  if (triton) return readTritonConfig(value, 'config');
  const settings: ModelSettings = parseModelConfig(value, 'config');
  return { settings, warnings: [] };
}
