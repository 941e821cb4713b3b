import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StateFolder } from '../../../src/state/state-folder.ts';
import { fileNameOf, type Learned, type VariantKey } from '../../../src/state/variant-record.ts';

const KEY: VariantKey = {
  sha256: 'a'.repeat(64),
  data: 'b'.repeat(64),
  cpu: 'a CPU',
  cores: 2,
  runtime: 'onnxruntime 1.0.0 linux-x64',
  instances: 2,
  intraOpThreads: 1,
  executionProviders: ['cpu'],
  graphOptimization: 'all',
  maxBatchSize: 32,
};

const LEARNED: Learned = {
  learnedAt: 1_000_000,
  verdict: {
    batchable: true,
    reason: 'rows agree',
    sample: { length: 12, largestId: 16 },
    padding: { dimension: 'sequence' },
  },
  profile: { coefficients: [1, 0.5, 0], inflation: 1.2, observations: 30 },
};

const UNWRITTEN = 'nothing is kept for the next start until it can be written';

let root = '';
let path = '';
let lines: { level: number; msg: string; reason?: string }[] = [];
const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(JSON.parse(line)) });
const open = (most?: number): StateFolder =>
  new StateFolder({ path, logger, now: () => 2_000_000, ...(most === undefined ? {} : { most }) });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-state-'));
});
beforeEach(async () => {
  path = join(await mkdtemp(join(root, 'each-')), 'nested', 'state');
  lines = [];
});
afterAll(() => rm(root, { recursive: true }));

test('what is written is read by the next process, and nobody else may read or write it', async () => {
  await open().write(KEY, LEARNED);
  expect(await open().read(KEY)).toEqual({ format: 1, key: KEY, ...LEARNED });
  expect(await readdir(path)).toEqual([fileNameOf(KEY)]);
  expect(lines).toEqual([]);
});

test('nothing is known, and nothing said, where nothing was written', async () => {
  expect(await open().read(KEY)).toBeUndefined();
  expect(lines).toEqual([]);
});

test.each<[string, Partial<VariantKey>]>([
  ['another file', { sha256: 'c'.repeat(64) }],
  ['other external data', { data: 'c'.repeat(64) }],
  ['another CPU', { cpu: 'another' }],
  ['other cores', { cores: 4 }],
  ['another runtime', { runtime: 'onnxruntime 1.0.1 linux-x64' }],
  ['other threads', { intraOpThreads: 2 }],
  ['other instances', { instances: 1 }],
  ['other providers', { executionProviders: ['cuda', 'cpu'] }],
  ['another optimisation', { graphOptimization: 'basic' }],
  ['another largest batch', { maxBatchSize: 16 }],
])('nothing is known for %s', async (_, other) => {
  const state = open();
  await state.write(KEY, LEARNED);
  expect(await state.read({ ...KEY, ...other })).toBeUndefined();
});

describe('a file is ignored with one line in the log when it', () => {
  const content = async (): Promise<Record<string, unknown>> => {
    await open().write(KEY, LEARNED);
    return JSON.parse(await readFile(join(path, fileNameOf(KEY)), 'utf8'));
  };
  const changed =
    (change: (record: Record<string, unknown>) => unknown): (() => Promise<string>) =>
    async () =>
      JSON.stringify(change(await content()));

  test.each<[string, () => Promise<string | Uint8Array>]>([
    ['is empty', async () => ''],
    ['is cut off', async () => JSON.stringify(await content()).slice(0, 100)],
    ['is no text', async () => Uint8Array.of(0xff, 0xfe, 0x00)],
    ['is huge', async () => ' '.repeat(20_000) + JSON.stringify(await content())],
    ['is deeply nested', async () => '['.repeat(16_000)],
    ['is of another format', changed((record) => ({ ...record, format: 2 }))],
    ['has a key of its own', changed((record) => ({ ...record, more: 1 }))],
    ['is about another machine', changed((record) => ({ ...record, key: { ...KEY, cpu: 'another' } }))],
    ['is from the future', changed((record) => ({ ...record, learnedAt: 2e9 }))],
    [
      'asks for a large sample',
      changed((record) => ({
        ...record,
        verdict: { ...LEARNED.verdict, sample: { length: 1e9, largestId: 16 } },
      })),
    ],
    ...[
      [-1, 0, 0],
      [0, 0, 0],
      [1e300, 0, 0],
      [1, 0],
      ['1', 0, 0],
      [null, 0, 0],
    ].map((coefficients): [string, () => Promise<string>] => [
      `has the coefficients ${JSON.stringify(coefficients)}`,
      changed((record) => ({ ...record, profile: { ...LEARNED.profile, coefficients } })),
    ]),
  ])('%s', async (_, make) => {
    const bytes = await make();
    await mkdir(path, { recursive: true });
    await writeFile(join(path, fileNameOf(KEY)), bytes);
    expect(await open().read(KEY)).toBeUndefined();
    expect(lines).toMatchObject([{ msg: 'state file ignored' }]);
  });

  test('may be written by everybody', async () => {
    await content();
    await chmod(join(path, fileNameOf(KEY)), 0o666);
    expect(await open().read(KEY)).toBeUndefined();
    expect(lines).toMatchObject([{ reason: 'everybody may write it' }]);
  });

  test('is a link', async () => {
    const target = join(root, 'target.json');
    await writeFile(target, JSON.stringify(await content()));
    await rm(join(path, fileNameOf(KEY)));
    await symlink(target, join(path, fileNameOf(KEY)));
    expect(await open().read(KEY)).toBeUndefined();
    expect(lines).toMatchObject([{ msg: 'state file ignored' }]);
  });

  test('is a folder', async () => {
    await mkdir(join(path, fileNameOf(KEY)), { recursive: true });
    expect(await open().read(KEY)).toBeUndefined();
    expect(lines).toMatchObject([{ msg: 'state file ignored' }]);
  });

  test.skipIf(process.platform === 'win32')('is a pipe, which nobody waits for', async () => {
    await mkdir(path, { recursive: true });
    execFileSync('mkfifo', [join(path, fileNameOf(KEY))]);
    expect(await open().read(KEY)).toBeUndefined();
    expect(lines).toMatchObject([{ reason: 'it is not a file' }]);
  });
});

test('a folder that cannot be made is told once, and costs nothing but what would have been kept', async () => {
  await writeFile(join(path, '..', '..', 'file'), '');
  path = join(path, '..', '..', 'file', 'state');
  const state = open();
  await Promise.all([state.write(KEY, LEARNED), state.write({ ...KEY, cores: 1 }, LEARNED)]);
  await state.write(KEY, LEARNED);
  expect(lines).toMatchObject([{ level: 40, msg: UNWRITTEN }]);
});

test('what could not be written is written with the next save, the newest of each, and a new failure is told', async () => {
  const parent = join(path, '..');
  const block = async (): Promise<void> => {
    await rm(parent, { recursive: true, force: true });
    await writeFile(parent, '');
  };
  const state = open();
  await block();
  await state.save('a', 'old');
  await state.save('a', 'new');
  await rm(parent);
  await state.save('b', 'b');
  expect(await Promise.all(['a', 'b'].map((name) => readFile(join(path, name), 'utf8')))).toEqual([
    'new',
    'b',
  ]);
  await block();
  await state.save('a', 'newest');
  expect(lines).toMatchObject([
    { level: 40, msg: UNWRITTEN },
    { level: 40, msg: UNWRITTEN },
  ]);
});

test('a file that can never be written keeps no other from being written', async () => {
  await mkdir(join(path, 'a'), { recursive: true });
  const state = open();
  await state.save('a', 'a');
  await state.save('b', 'b');
  await state.save('c', 'c');
  expect((await readdir(path)).sort()).toEqual(['a', 'b', 'c']);
  expect(lines).toMatchObject([{ level: 40, msg: UNWRITTEN }]);
});

test('the oldest files above the bound are removed, unfinished ones among them, and no others', async () => {
  await mkdir(path, { recursive: true });
  const old = ['0', '1', '2'].map((digit) => `${digit.repeat(40)}.json`);
  const unfinished = `${'3'.repeat(40)}.json.${'4'.repeat(12)}.new`;
  const rollout = `rollout-${'5'.repeat(40)}.json`;
  const unfinishedRollout = `${rollout}.${'6'.repeat(12)}.new`;
  const others = [rollout, 'somebody else.json'];
  for (const [place, name] of [unfinished, unfinishedRollout, ...old, ...others].entries()) {
    await writeFile(join(path, name), '{}');
    await utimes(join(path, name), place, place);
  }
  await open(2).write(KEY, LEARNED);
  expect((await readdir(path)).sort()).toEqual([old[2], fileNameOf(KEY), ...others].sort());
});
