import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TuneResult } from '../../bench/tune/result.ts';
import { runTune } from '../../bench/tune/run-tune.ts';
import { mlpModel } from '../support/onnx/models.ts';

const ROOT = join(import.meta.dirname, '../..');
const SETTINGS = '{\n  "maxQueueSize": 500,\n  "labels": { "label": ["a", "b"] }\n}\n';

let folder: string;
let repository: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-tune-test-'));
  repository = join(folder, 'models');
  await add('mlp/1/model.onnx', mlpModel());
  await add('mlp/1/model_other.onnx', mlpModel({ seed: 2 }));
  await add('mlp/model.json', SETTINGS);
  await add('triton/1/model.onnx', mlpModel());
  await add('triton/config.pbtxt', 'max_batch_size: 8');
});

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

async function add(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(repository, path)), { recursive: true });
  await writeFile(join(repository, path), content);
}

const tune = (...argv: string[]) => {
  let text = '';
  const screen = { write: (part: string) => (text += part) };
  return runTune(['--repository', repository, ...argv], screen).then((code) => ({ code, text }));
};

const configuration = () => readFile(join(repository, 'mlp/model.json'), 'utf8');

test('a small model is tuned from end to end: table, verdict, files, and model.json only where it gained', async () => {
  const [json, svg] = [join(folder, 'tune.json'), join(folder, 'tune.svg')];
  const { code, text } = await tune(
    ...['--model', 'mlp', '--budget', '10', '--concurrency', '4', '--latency-ms', '5000'],
    ...['--json', json, '--svg', svg, '--write'],
  );
  const result = JSON.parse(await readFile(json, 'utf8')) as TuneResult;
  expect(code).toBe(0);
  expect(result).toMatchObject({ format: 'sluice-tune/1', model: 'mlp', bound: 5000, concurrencies: [4] });
  const measured = result.configurations.filter(({ rounds }) => rounds > 0);
  expect(measured.length).toBeGreaterThanOrEqual(3);
  const defaults = measured.filter(({ isDefault }) => isDefault);
  expect(defaults).toHaveLength(1);
  expect(defaults[0]?.rounds).toBe(Math.max(...measured.map(({ rounds }) => rounds)));
  for (const { loads } of measured) {
    expect(loads.map(({ concurrency }) => concurrency)).toEqual([4]);
    expect(loads[0]?.rows).toBeGreaterThan(0);
    expect(loads[0]?.failed).toBe(0);
  }
  const front = measured.filter((each) => each.front.length > 0);
  const most = Math.max(...measured.map(({ loads }) => loads[0]?.rows ?? 0));
  expect(front.some(({ loads }) => loads[0]?.rows === most)).toBe(true);
  expect(text).toContain('final: ');
  expect(text).toContain('front');
  expect(await readFile(svg, 'utf8')).toMatch(/^<svg xmlns=.*<\/svg>\n$/s);

  const written = JSON.parse(await configuration()) as object;
  if (result.verdict === 'gain') {
    expect(written).toEqual({ ...(JSON.parse(SETTINGS) as object), ...result.winner?.keys });
    expect(result.written).toMatch(/mlp\/model\.json$/);
  } else {
    expect(await configuration()).toBe(SETTINGS);
    expect(text).toContain('Nothing is written.');
  }
}, 60_000);

test('a bound that nothing keeps is told with the least latency there was, and is a failure', async () => {
  const { code, text } = await tune('--model', 'triton', '--budget', '10', '--latency-ms', '0.001');
  expect(code).toBe(1);
  expect(text).toMatch(
    /No configuration keeps --latency-ms 0\.001: the least 99th percentile was \d+\.\d+ ms/,
  );
}, 60_000);

test('what cannot be tuned is refused with the flag and the limit before anything is measured', async () => {
  await expect(tune()).rejects.toThrow('--model is needed');
  await expect(tune('--model', 'nope')).rejects.toThrow(/--model is 'nope': .* it has mlp, triton/);
  await expect(tune('--model', 'mlp@nope')).rejects.toThrow(/no variant 'nope', there are default, other/);
  await expect(tune('--model', 'mlp', '--budget', '9')).rejects.toThrow(/--budget is '9', .* at least 10/);
  await expect(tune('--model', 'mlp', '--latency-ms', '0')).rejects.toThrow(/--latency-ms is '0'/);
  await expect(tune('--model', 'mlp', '--concurrency', '2000')).rejects.toThrow(/at most 1024/);
  await expect(tune('--model', 'mlp', '--protocol', 'task')).rejects.toThrow(/--protocol is 'task'/);
  await expect(tune('--model', 'mlp', '--svg', '/nowhere/x.svg')).rejects.toThrow(/--svg is '\/nowhere/);
  await expect(tune('--model', 'triton', '--write')).rejects.toThrow(/--write: .* config\.pbtxt/);
  await expect(runTune(['--model', 'm', '--repository', '/nowhere'])).rejects.toThrow(/--repository is/);
});

test('an interrupt ends the children and leaves every file as it was', async () => {
  const before = await configuration();
  const temporary = join(folder, 'temporary');
  await mkdir(temporary);
  const argv = ['tune', '--model', 'mlp', '--repository', repository, '--write'];
  const child = spawn(process.execPath, ['src/main.ts', ...argv], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: temporary, NODE_DISABLE_COMPILE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  const copies = async () => (await readdir(temporary)).filter((name) => name.startsWith('sluice-tune-'));
  expect(await copies()).toHaveLength(1);
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  expect(await copies()).toEqual([]);
  expect(await configuration()).toBe(before);
});
