import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Configuration } from '../../../../bench/tune/configuration.ts';
import type { TunedModel } from '../../../../bench/tune/model-files.ts';
import { checkWritable, editModelJson, writeSettings } from '../../../../bench/tune/model-json.ts';
import { DEFAULT_SETTINGS } from '../../../../src/repository/model-config.ts';

const DEFAULTS: Configuration = {
  instances: 2,
  intraOpThreads: 1,
  maxBatchSize: 32,
  maxQueueDelayMicroseconds: 0,
};
const WINNER = { ...DEFAULTS, maxBatchSize: 16 };

const edit = (text: string, winner: Configuration, variant?: string): string =>
  editModelJson(
    text,
    { variant: variant ?? 'default', variantNamed: variant !== undefined },
    winner,
    DEFAULTS,
  );

describe('the text of model.json', () => {
  test('gets the keys that differ from the defaults, and no others', () => {
    expect(edit('{}\n', WINNER)).toBe('{\n  "maxBatchSize": 16\n}\n');
  });

  test('keeps every other key as it is written, with its indent', () => {
    const text =
      '{\n\t"task": "text-classification",\n\t"labels": {"y": ["a, b", "}"]},\n\t"maxBatchSize": 64\n}';
    expect(edit(text, WINNER)).toBe(text.replace('64', '16'));
  });

  test('stays on one line where it was on one', () => {
    expect(edit('{"required": false, "maxBatchSize": 8}', { ...WINNER, instances: 1 })).toBe(
      '{ "required": false, "maxBatchSize": 16, "instances": 1, "intraOpThreads": 1 }',
    );
  });

  test('loses tuned keys that are now as the defaults', () => {
    expect(edit('{"instances": 1, "intraOpThreads": 2, "prefer": "latency"}', WINNER)).toBe(
      '{ "prefer": "latency", "maxBatchSize": 16 }',
    );
  });

  test('has the keys of a variant that was named under its name', () => {
    expect(JSON.parse(edit('{"variantSettings": {"int8": {"maxQueueSize": 9}}}', WINNER, 'int8'))).toEqual({
      variantSettings: { int8: { maxQueueSize: 9, maxBatchSize: 16 } },
    });
  });

  test('says even a default for a variant that was named, where the model says otherwise for all', () => {
    expect(JSON.parse(edit('{"instances": 1}', WINNER, 'int8'))).toEqual({
      instances: 1,
      variantSettings: { int8: { instances: 2, maxBatchSize: 16 } },
    });
  });

  test('does not leave a variant with settings that would hide the new ones', () => {
    expect(JSON.parse(edit('{"variantSettings": {"default": {"maxBatchSize": 4}}}', WINNER))).toEqual({
      maxBatchSize: 16,
    });
  });

  test('drops preferred sizes that no batch can reach any more', () => {
    expect(JSON.parse(edit('{"preferredBatchSizes": [8, 32]}', WINNER))).toEqual({
      preferredBatchSizes: [8],
      maxBatchSize: 16,
    });
  });

  test('is refused where it is no valid model.json before', () => {
    expect(() => edit('{"maxBatch": 1}', WINNER)).toThrow(/unknown key 'maxBatch'/);
    expect(() => edit('[]', WINNER)).toThrow('model.json must be a JSON object');
    expect(() => edit('{', WINNER)).toThrow(/^model.json: /);
  });
});

describe('the file', () => {
  let folder: string;
  const model = (): TunedModel => ({
    name: 'm',
    variant: 'default',
    variantNamed: false,
    folder,
    versionFolder: join(folder, '1'),
    path: join(folder, '1', 'model.onnx'),
    bytes: 1,
    settings: DEFAULT_SETTINGS,
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-tune-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('is made where there was none, and nothing else is left beside it', async () => {
    const path = await writeSettings(model(), WINNER, DEFAULTS);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ maxBatchSize: 16 });
    expect(await readdir(folder)).toEqual(['model.json']);
  });

  test('keeps its mode, and a link stays one', async () => {
    const real = join(folder, 'real.json');
    await writeFile(real, '{}\n');
    await chmod(real, 0o640);
    await symlink('real.json', join(folder, 'model.json'));
    await writeSettings(model(), WINNER, DEFAULTS);
    expect((await stat(real)).mode & 0o777).toBe(0o640);
    expect(JSON.parse(await readFile(real, 'utf8'))).toEqual({ maxBatchSize: 16 });
    expect((await readdir(folder)).sort()).toEqual(['model.json', 'real.json']);
  });

  test('is left as it is where it is not valid', async () => {
    await writeFile(join(folder, 'model.json'), '{"maxBatch": 1}');
    await expect(writeSettings(model(), WINNER, DEFAULTS)).rejects.toThrow(/unknown key/);
    expect(await readFile(join(folder, 'model.json'), 'utf8')).toBe('{"maxBatch": 1}');
  });

  test('is not written beside a config.pbtxt, which it would replace', async () => {
    await writeFile(join(folder, 'config.pbtxt'), 'max_batch_size: 8');
    await expect(checkWritable(model())).rejects.toThrow(/--write: model 'm' is configured by config.pbtxt/);
    await writeFile(join(folder, 'model.json'), '{}');
    await expect(checkWritable(model())).resolves.toBeUndefined();
  });

  test('cannot be written into a folder that is gone', async () => {
    await rm(folder, { recursive: true });
    await expect(checkWritable(model())).rejects.toThrow(/--write: the folder .* cannot be written to/);
  });
});
