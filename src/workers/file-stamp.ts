import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Tells a model file, with the weights beside it that have its name, from another one in its place: sessions of one
 * model have to be of one file. Undefined where there is none: opening it tells why.
 */
export function stampOf(path: string): string | undefined {
  const folder = dirname(path);
  try {
    const files = [basename(path), ...weightsOf(basename(path), folder)];
    return files.map((name) => stamp(name, join(folder, name))).join();
  } catch {
    return undefined;
  }
}

/** None where the folder cannot be listed; its files may be read all the same. */
function weightsOf(file: string, folder: string): string[] {
  try {
    const names = readdirSync(folder).filter(
      (name) => name.startsWith(`${file}_data`) || name === `${file}.data`,
    );
    return names.sort();
  } catch {
    return [];
  }
}

function stamp(name: string, path: string): string {
  const { ino, size, mtimeMs } = statSync(path);
  return `${name}:${ino}:${size}:${mtimeMs}`;
}
