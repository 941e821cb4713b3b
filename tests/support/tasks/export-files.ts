import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { RepositoryFiles } from '../start-server.ts';
import { exportFolder } from './reference.ts';

/** The committed exports as a repository: each becomes version 1 of a model of its name. */
export function repositoryOf(names: readonly string[]): RepositoryFiles {
  return Object.fromEntries(
    names.flatMap((name) => {
      const folder = exportFolder(name);
      return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== 'reference.json')
        .map((entry) => {
          const path = join(entry.parentPath, entry.name);
          return [`${name}/1/${relative(folder, path)}`, readFileSync(path)] as const;
        });
    }),
  );
}
