import { hash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModelConfig } from '../../src/inference/metadata.ts';
import { addModel, garbage } from '../support/onnx/models.ts';
import { fp32Request, readJson, startTestServer, type TestServer } from '../support/start-server.ts';

const BODY = fp32Request({ a: [[1, 2, 3, 4]], b: [[3, 4, 5, 6]] });
const FILES = {
  'add/1/model.onnx': addModel(),
  // What is known is looked up before the probe: without a checksum at hand, whichever is done first counts.
  'add/1/variants.json': JSON.stringify({
    variants: { default: { file: 'model.onnx', sha256: hash('sha256', addModel()) } },
  }),
  'garbage/1/model.onnx': garbage(),
  'garbage/model.json': '{"required":false}',
};

let state = '';
let lines: { msg: string; reason?: string; level: number }[] = [];
const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'sluice-state-'));
});
afterAll(() => rm(state, { recursive: true }));

const start = (path: string): Promise<TestServer> => {
  lines = [];
  return startTestServer(FILES, ['--state-dir', path], logger);
};

const ask = async ({ rest }: TestServer): Promise<number> => {
  const response = await fetch(`${rest}/v2/models/add/infer`, { method: 'POST', body: BODY });
  await response.arrayBuffer();
  return response.status;
};

const batchingOf = async ({ rest }: TestServer): Promise<string | undefined> => {
  const config = await readJson<ModelConfig>(fetch(`${rest}/v2/models/add/config`));
  return config.parameters['batching']?.string_value;
};

test('a start knows what the one before it learned, before its first request', async () => {
  {
    await using server = await start(state);
    expect(await batchingOf(server)).toBe('on: rows run alone and together agree');
    for (let request = 0; request < 30; request++) expect(await ask(server)).toBe(200);
  }
  const [name = '', ...others] = await readdir(state);
  expect(others).toEqual([]);
  const record = JSON.parse(await readFile(join(state, name), 'utf8'));
  expect(record.profile.observations).toBeGreaterThanOrEqual(20);
  record.verdict.reason = 'an earlier start saw it';
  await writeFile(join(state, name), JSON.stringify(record));

  await using server = await start(state);
  expect(await batchingOf(server)).toBe('on: an earlier start saw it');
  expect(lines.filter(({ msg }) => msg.startsWith('the profile of an earlier start'))).toHaveLength(1);
  expect(await ask(server)).toBe(200);
});

test('a model whose file has changed is tried anew', async () => {
  await using server = await startTestServer(
    { 'add/1/model.onnx': Buffer.concat([addModel(), Buffer.from([0x7a, 0x00])]) },
    ['--state-dir', state],
  );
  expect(await batchingOf(server)).not.toContain('an earlier start');
});

test('files that are no use and a folder that cannot be written are told once each, and requests are answered', async () => {
  const [name = ''] = await readdir(state);
  const path = join(state, name);
  for (const each of await readdir(state)) await writeFile(join(state, each), 'not what was written');
  {
    await using server = await start(state);
    expect(await ask(server)).toBe(200);
    expect(lines.filter(({ msg }) => msg === 'state file ignored')).toHaveLength(1);
  }
  {
    await using server = await start(path);
    expect(await ask(server)).toBe(200);
  }
  const told = lines.filter(({ msg }) => msg.startsWith('nothing is kept for the next start'));
  expect(told).toMatchObject([{ level: 40 }]);
  expect(lines.filter(({ msg }) => msg === 'state file ignored')).toEqual([]);
});

test('nothing is kept where the folder is the empty text', async () => {
  await using server = await start('');
  expect(await ask(server)).toBe(200);
  expect(lines.filter(({ msg }) => /state|kept/.test(msg) && msg !== 'variant changed state')).toMatchObject(
    lines.filter(({ msg }) => msg === 'run state'),
  );
});
