import { z } from 'zod';
import { invalidArgument } from '../errors.ts';
import type { Signature } from '../inference/signature.ts';
import { type FileEntry, type FolderEntries, readJson, readText } from './contained-folder.ts';
import type { ModelSettings } from './model-config.ts';
import type { LabelSource } from './model-source.ts';
import { describeIssues } from './schema-issues.ts';

const exportConfig = z.looseObject({
  id2label: z.record(z.string().regex(/^\d{1,6}$/, 'is not the number of a class'), z.string()).optional(),
});

/**
 * Reads the class names of a version: what model.json says, else labels.txt, else `id2label` of a Hugging Face
 * config.json. Files are looked up in `folders`, in order. Throws `invalid_argument` or `failed_precondition`.
 */
export async function readLabels(
  settings: ModelSettings,
  folders: readonly FolderEntries[],
): Promise<LabelSource> {
  const byOutput = new Map<string, readonly string[]>();
  for (const [output, labels] of Object.entries(settings.labels ?? {})) {
    byOutput.set(output, typeof labels === 'string' ? await readLabelFile(labels, folders) : labels);
  }
  const unnamed = byOutput.size > 0 ? undefined : await readUnnamed(folders);
  return unnamed === undefined ? { byOutput } : { byOutput, unnamed };
}

async function readLabelFile(name: string, folders: readonly FolderEntries[]): Promise<readonly string[]> {
  const file = lookUp(name, folders);
  if (file === undefined) throw invalidArgument(`labels: file '${name}' is not beside the model`);
  return lines(await readText(file));
}

async function readUnnamed(folders: readonly FolderEntries[]): Promise<readonly string[] | undefined> {
  const text = lookUp('labels.txt', folders);
  if (text !== undefined) return lines(await readText(text));
  const config = lookUp('config.json', folders);
  if (config === undefined) return undefined;
  const parsed = exportConfig.safeParse(await readJson(config));
  if (!parsed.success) throw invalidArgument(`config.json: ${describeIssues(parsed.error)}`);
  const { id2label } = parsed.data;
  if (id2label === undefined) return undefined;
  const names: string[] = Object.keys(id2label).map(() => '');
  for (const [index, label] of Object.entries(id2label)) names[Number(index)] = label;
  return Array.from(names, (name) => name ?? '');
}

function lookUp(name: string, folders: readonly FolderEntries[]): FileEntry | undefined {
  for (const { files } of folders) {
    const file = files.get(name);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** One label a line; a line feed at the end of the file is not another one. */
const lines = (text: string): readonly string[] => text.replace(/\r?\n$/, '').split(/\r?\n/);

/**
 * Labels by output name. A list that names no output belongs to the outputs whose last dimension has its length; where
 * the model leaves that dimension open, to the first output.
 */
export function labelsByOutput(
  { byOutput, unnamed }: LabelSource,
  { outputs }: Signature,
): ReadonlyMap<string, readonly string[]> {
  const labels = new Map(byOutput);
  if (unnamed === undefined) return labels;
  const fitting = outputs.filter(({ dims }) => dims.at(-1) === unnamed.length);
  const first = outputs.find(({ dims }) => typeof dims.at(-1) === 'string');
  const chosen = fitting.length > 0 || first === undefined ? fitting : [first];
  for (const { name } of chosen) labels.set(name, unnamed);
  return labels;
}
