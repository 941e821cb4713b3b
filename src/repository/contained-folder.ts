import { type FileHandle, lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { InferenceError } from '../errors.ts';

export interface FileEntry {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Changes when the file is replaced or written to. */
  readonly stamp: string;
}

/** What a folder holds; names that begin with a dot are left out. Symbolic links are followed inside the root only. */
export interface FolderEntries {
  readonly folder: string;
  readonly files: ReadonlyMap<string, FileEntry>;
  readonly folders: ReadonlyMap<string, string>;
  /** Links that lead out of the root, or nowhere, and what they lead to: they are refused. */
  readonly refused: ReadonlyMap<string, 'folder' | 'file' | 'nothing'>;
}

/** Text of a repository is read whole; more than this is no configuration, vocabulary or list of labels. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/**
 * Lists a folder at or below `root`, which no link between the two leads out of. Throws `failed_precondition` when it
 * cannot be read. Paths are built from what the disk lists, never from a client's words.
 */
export async function listFolder(folder: string, root: string): Promise<FolderEntries> {
  const files = new Map<string, FileEntry>();
  const folders = new Map<string, string>();
  const refused = new Map<string, 'folder' | 'file' | 'nothing'>();
  const names = await readdir(folder).catch((error: unknown) => {
    throw unreadable(`folder ${basename(folder)}`, error);
  });
  for (const name of names.filter((each) => !each.startsWith('.')).sort()) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) refused.set(name, 'nothing');
    else if (!(await isInside(path, root))) refused.set(name, found.isDirectory() ? 'folder' : 'file');
    else if (found.isDirectory()) folders.set(name, path);
    else if (found.isFile()) {
      const stamp = `${found.ino}:${found.size}:${found.mtimeMs}`;
      files.set(name, { name, path, bytes: found.size, stamp });
    }
  }
  return { folder, files, folders, refused };
}

/** Whether an entry of a folder that is inside is so too: a link where its real place is below `root`. */
async function isInside(path: string, root: string): Promise<boolean> {
  const entry = await lstat(path).catch(() => undefined);
  if (entry?.isSymbolicLink() === false) return true;
  const real = await realpath(path).catch(() => '');
  return real.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Reads a text file. Throws `failed_precondition` naming the file, never its path. */
export async function readText({ name, path }: FileEntry): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > MAX_TEXT_BYTES) {
      throw new InferenceError(
        'failed_precondition',
        `${name}: ${size} bytes, the limit is ${MAX_TEXT_BYTES}`,
      );
    }
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof InferenceError) throw error;
    throw unreadable(name, error);
  } finally {
    await file?.close();
  }
}

/** Reads a JSON file. Throws `failed_precondition` naming the file and where it breaks. */
export async function readJson(file: FileEntry): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InferenceError('failed_precondition', `${file.name}: ${(error as Error).message}`);
  }
}

/** An operating system's error in our words: its code, without the path. */
export function unreadable(name: string, error: unknown): InferenceError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new InferenceError('failed_precondition', `${name} cannot be read (${code})`, { cause: error });
}
