import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The text of a file, by its path from the root of the repository. */
export const read = (path: string): string => readFileSync(`${ROOT}/${path}`, 'utf8');

export const exists = (path: string): boolean => existsSync(`${ROOT}/${path}`);

/** Files of the repository that match, committed or about to be: what git ignores is left out. */
export function list(pattern: RegExp): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const output = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 });
  return output
    .split('\0')
    .filter((path) => pattern.test(path) && exists(path))
    .sort();
}
