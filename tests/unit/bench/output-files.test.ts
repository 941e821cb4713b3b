import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkOutputs, writeOutputs } from '../../../bench/command/output-files.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-outputs-'));
  await mkdir(join(folder, 'taken'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

test('a folder, a file without one, and one file for two outputs are refused with the flag', async () => {
  const check = (files: Record<string, string>) => expect(checkOutputs(files)).rejects;
  await check({ json: at('taken') }).toThrow(/^--json is .*taken', which cannot be written: it is a folder/);
  await check({ csv: at('none/x.csv') }).toThrow(/^--csv is .*cannot be written: ENOENT/);
  await check({ html: '' }).toThrow(/^--html is '', which cannot be written: it is empty$/);
  await check({ json: at('new/') }).toThrow(
    /^--json is .*new\/', which cannot be written: it is the name of a/,
  );
  const same = { json: at('a'), csv: `${folder}/taken/../a` };
  await check(same).toThrow(/^--csv is .*a', which --json is, too$/);
});

test('different files are fine, whether they are there or not', async () => {
  const files = { json: at('old'), csv: at('new'), html: undefined };
  await writeOutputs({ json: at('old') }, { json: () => '1' });
  await expect(checkOutputs(files)).resolves.toBeUndefined();
});

test('a file that cannot be written or made costs the others nothing', async () => {
  const contents = {
    json: () => 'a result',
    csv: () => {
      throw new Error('no table');
    },
    html: () => 'a page',
  };
  const writing = writeOutputs({ json: at('taken'), csv: at('b.csv'), html: at('c.html') }, contents);
  await expect(writing).rejects.toThrow(/--json .*EISDIR.*; --csv .*no table/);
  expect(await readFile(at('c.html'), 'utf8')).toBe('a page');
});
