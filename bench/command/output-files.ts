import { constants } from 'node:fs';
import { access, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { messageOf } from '../../src/errors.ts';

/** File names by the flag that asks for them. */
export type OutputFiles = Readonly<Record<string, string | undefined>>;

/** Rejects with the flag's name where a file could not be written when all is measured, or would replace another. */
export async function checkOutputs(files: OutputFiles): Promise<void> {
  const flags = new Map<string, string>();
  for (const [flag, file] of named(files)) {
    await checkWritable(file).catch((error: unknown) => {
      throw new Error(`--${flag} is '${file}', which cannot be written: ${messageOf(error)}`);
    });
    const path = resolve(file);
    const other = flags.get(path);
    if (other !== undefined) throw new Error(`--${flag} is '${file}', which --${other} is, too`);
    flags.set(path, flag);
  }
}

async function checkWritable(file: string): Promise<void> {
  if (file === '') throw new Error('it is empty');
  // Such a name would pass for a new file in the folder above it.
  if (file.endsWith('/') || file.endsWith(sep)) throw new Error('it is the name of a folder');
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() === true) throw new Error('it is a folder');
  await access(found === undefined ? dirname(resolve(file)) : file, constants.W_OK);
}

/**
 * Writes every file, made when its turn comes: one that cannot be made or written costs the others nothing. Rejects at
 * the end with the flag's name and the reason of each that failed.
 */
export async function writeOutputs<Flag extends string>(
  files: Readonly<Partial<Record<Flag, string | undefined>>>,
  contents: Readonly<Record<Flag, () => string>>,
): Promise<void> {
  const problems: string[] = [];
  for (const [flag, file] of named(files)) {
    try {
      await writeFile(file, contents[flag as Flag]());
    } catch (error) {
      problems.push(`--${flag} '${file}' could not be written: ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join('; '));
}

const named = (files: OutputFiles): [flag: string, file: string][] =>
  Object.entries(files).flatMap(([flag, file]) => (file === undefined ? [] : [[flag, file]]));
