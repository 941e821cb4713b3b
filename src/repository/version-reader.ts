import { messageOf } from '../errors.ts';
import { type FolderEntries, listFolder, readJson } from './contained-folder.ts';
import { readLabels } from './labels.ts';
import type { ModelSettings } from './model-config.ts';
import type { VersionSource } from './model-source.ts';
import { collectVariants } from './variant-files.ts';
import { parseVariantsFile, type VariantsFile } from './variants-file.ts';

export interface VersionFolder {
  readonly version: string;
  readonly entries: FolderEntries;
  /** The folder of the model where it is another one; label files may lie there. */
  readonly parent?: FolderEntries;
  readonly root: string;
  readonly settings: ModelSettings;
  /** File of the variant "default", where a configuration names it. */
  readonly defaultFile?: string;
}

/** Whether a folder holds ONNX files, directly or in the `onnx` folder of a Hugging Face export. */
export async function holdsOnnx(entries: FolderEntries, root: string): Promise<boolean> {
  const folders = await onnxFolders(entries, root);
  return folders.some(({ files, refused }) =>
    [...files.keys(), ...refused.keys()].some((name) => name.endsWith('.onnx')),
  );
}

/** Reads one version's folder. What is wrong with it is told in `problem`, never thrown. */
export async function readVersion(folder: VersionFolder): Promise<VersionSource> {
  const { entries, parent, root, settings, version } = folder;
  const folders = await onnxFolders(entries, root);
  const problems: string[] = [];
  const noteProblem = (error: unknown) => {
    problems.push(messageOf(error));
    return undefined;
  };
  const measured = await readVariantsFile(entries).catch(noteProblem);
  const places = parent === undefined ? [entries] : [entries, parent];
  const labels = await readLabels(settings, places).catch(noteProblem);
  const variants = collectVariants({
    folders,
    settings,
    measured,
    ...(folder.defaultFile === undefined ? {} : { defaultFile: folder.defaultFile }),
  });
  if (variants.size === 0) problems.push(nothingToServe(folders));
  const selected = settings.variants ?? [...variants.keys()].sort();
  const defaultVariant = settings.defaultVariant ?? (selected.includes('default') ? 'default' : selected[0]);
  const floor = unreachableFloor(settings, defaultVariant, selected, variants);
  if (floor !== undefined) problems.push(floor);
  const task = settings.task ?? measured?.task;
  return {
    version,
    folder: entries.folder,
    variants,
    defaultVariant: defaultVariant ?? 'default',
    selected: [...new Set([defaultVariant ?? 'default', ...selected])],
    labels: labels ?? { byOutput: new Map() },
    ...(task === undefined ? {} : { task }),
    ...(problems.length === 0 ? {} : { problem: problems.join('; ') }),
    fingerprint: JSON.stringify([[...folders, ...places].map(stamps), settings, problems]),
  };
}

async function onnxFolders(entries: FolderEntries, root: string): Promise<readonly FolderEntries[]> {
  const nested = entries.folders.get('onnx');
  return nested === undefined ? [entries] : [entries, await listFolder(nested, root)];
}

async function readVariantsFile({ files }: FolderEntries): Promise<VariantsFile | undefined> {
  const file = files.get('variants.json');
  return file === undefined ? undefined : parseVariantsFile(await readJson(file));
}

function nothingToServe(folders: readonly FolderEntries[]): string {
  const others = folders.flatMap(({ files }) => [...files.keys()].filter((name) => name.endsWith('.onnx')));
  return others.length === 0 ? 'no ONNX file' : `no model.onnx among ${others.join(', ')}`;
}

/** Why the model's own floor would have every request refused that names no variant. */
function unreachableFloor(
  { minAccuracy = 0 }: ModelSettings,
  defaultVariant: string | undefined,
  selected: readonly string[],
  variants: VersionSource['variants'],
): string | undefined {
  const main = variants.get(defaultVariant ?? '');
  if (minAccuracy === 0 || main === undefined || main.problem !== undefined) return undefined;
  if (main.accuracy === undefined) {
    return `minAccuracy is ${minAccuracy}, but the accuracy of variant '${main.variant}' was not measured`;
  }
  const best = Math.max(main.accuracy, ...selected.map((name) => variants.get(name)?.accuracy ?? 0));
  return best >= minAccuracy
    ? undefined
    : `minAccuracy is ${minAccuracy}, the best accuracy of a variant is ${best}`;
}

const stamps = ({ folder, files, refused }: FolderEntries): unknown => [
  folder,
  [...files.values()].map(({ name, stamp }) => [name, stamp]),
  [...refused.keys()],
];
