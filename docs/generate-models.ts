import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelsPage } from './generate/models-page.ts';

/** Writes docs/models.md and its pictures, and removes pictures of models that are gone. */
const ROOT = join(import.meta.dirname, '..');
const PICTURES = join(ROOT, 'docs/img');

const files = await modelsPage(ROOT);
mkdirSync(PICTURES, { recursive: true });
for (const name of readdirSync(PICTURES)) {
  if (name.startsWith('models-') && !files.has(`docs/img/${name}`)) rmSync(join(PICTURES, name));
}
for (const [path, text] of files) {
  writeFileSync(join(ROOT, path), text);
  process.stdout.write(`${path}\n`);
}
