import { list, read } from './repository-files.ts';

export interface Import {
  /** The file that imports, from the root of the repository. */
  readonly from: string;
  /** A package's name, or a file from the root of the repository. */
  readonly target: string;
  /** False for `import type`, which leaves nothing to load. */
  readonly loads: boolean;
}

const STATEMENT = /^(?:import|export)\s(?:(type)\s)?(?:[^'";]*?\sfrom\s)?'([^']+)'/gm;
const DYNAMIC = /import\('([^']+)'\)/g;
const THREAD = /new URL\('([^']+\.ts)', import\.meta\.url\)/g;

export const sources = (): string[] => list(/^src\/.*\.(ts|mts)$/).filter((path) => !isGenerated(path));

export const isGenerated = (path: string): boolean => path.includes('/generated/');

/** What a file imports, statically or not. */
export function importsOf(from: string): Import[] {
  const text = read(from);
  const statements = [...text.matchAll(STATEMENT)].map(([, type, target = '']) => ({
    target,
    loads: type === undefined,
  }));
  const dynamic = [...text.matchAll(DYNAMIC)].map(([, target = '']) => ({ target, loads: true }));
  return [...statements, ...dynamic].map(({ target, loads }) => ({
    from,
    target: resolve(from, target),
    loads,
  }));
}

/** Files that a file starts as threads or processes of their own. */
export const threadsOf = (from: string): string[] =>
  [...read(from).matchAll(THREAD)].map(([, target = '']) => resolve(from, target));

const loadedBy = (path: string): string[] =>
  importsOf(path)
    .filter(({ loads }) => loads)
    .map(({ target }) => target);

/** Everything that is loaded with an entry file: files and packages. */
export const closureOf = (entry: string): Set<string> => closure(entry, /^src\//, loadedBy);

/** The same with all that it starts in threads and processes, the bench too. */
export const programOf = (entry: string): Set<string> =>
  closure(entry, /^(src|bench)\//, (path) => [...loadedBy(path), ...threadsOf(path)]);

function closure(entry: string, ours: RegExp, next: (path: string) => readonly string[]): Set<string> {
  const seen = new Set<string>();
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    if (ours.test(path) && !isGenerated(path)) open.push(...next(path));
  }
  return seen;
}

function resolve(from: string, target: string): string {
  if (!target.startsWith('.')) return target;
  return new URL(target, `file:///${from}`).pathname.slice(1);
}
