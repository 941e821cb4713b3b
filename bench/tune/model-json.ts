import { constants } from 'node:fs';
import { access, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../src/errors.ts';
import { type ModelSettings, parseModelConfig, settingsOf } from '../../src/repository/model-config.ts';
import { type Configuration, KEYS, type Settings, settingsFor } from './configuration.ts';
import { parseObject, printObject } from './json-text.ts';
import type { TunedModel } from './model-files.ts';

const FILE = 'model.json';

/** Rejects, naming the flag, where `--write` could not be done in the end: better before a minute of measuring. */
export async function checkWritable({ name, folder }: TunedModel): Promise<void> {
  const has = (file: string) =>
    stat(join(folder, file)).then(
      () => true,
      () => false,
    );
  if (!(await has(FILE)) && (await has('config.pbtxt'))) {
    throw new Error(
      `--write: model '${name}' is configured by config.pbtxt, which is not read where there is a ${FILE}; write the keys into it by hand`,
    );
  }
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw new Error(`--write: the folder ${folder} cannot be written to: ${messageOf(error)}`);
  });
}

/**
 * Writes the keys of a configuration into the model's model.json, which is there whole at any time: the old one, then
 * the new one. Returns what was written. Rejects, and leaves the file as it is, where the result would not be valid.
 */
export async function writeSettings(
  model: TunedModel,
  winner: Configuration,
  defaults: Configuration,
): Promise<string> {
  const path = join(model.folder, FILE);
  const target = await realpath(path).catch(() => path);
  const before = await readFile(target, 'utf8').catch(() => undefined);
  const text = editModelJson(before ?? '{}\n', model, winner, defaults);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}`);
  const mode = before === undefined ? 0o644 : (await stat(target)).mode;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new Error(`--write: ${path} cannot be written: ${messageOf(error)}`);
  }
  return path;
}

/**
 * The text of model.json with the keys of a configuration: in `variantSettings` for a variant that was named, else at
 * the top, where a variant of the model does not differ. Keys that are as the defaults are left out. Everything else
 * stays as it is written. Throws where the result is not a valid model.json.
 */
export function editModelJson(
  text: string,
  { variant, variantNamed }: Pick<TunedModel, 'variant' | 'variantNamed'>,
  winner: Configuration,
  defaults: Configuration,
): string {
  const members = parseObject(text, FILE);
  const parsed = parseModelConfig(JSON.parse(text), FILE);
  const variants = parsed.variantSettings;
  const own: Record<string, unknown> = { ...variants[variant] };
  const keys: Record<string, unknown> = settingsFor(winner, defaults);
  const preferred = fittingSizes(parsed, variant, winner.maxBatchSize);
  if (preferred !== undefined) keys['preferredBatchSizes'] = preferred;
  for (const key of KEYS) {
    delete own[key];
    // What the model says for all variants would else stand again for this one.
    if (variantNamed && members.has(key)) keys[key] ??= winner[key];
    if (!variantNamed && !Object.hasOwn(keys, key)) members.delete(key);
  }
  if (variantNamed) {
    Object.assign(own, keys);
  } else {
    if (preferred !== undefined) delete own['preferredBatchSizes'];
    for (const [key, value] of Object.entries(keys)) members.set(key, value);
  }
  if (variantNamed || Object.hasOwn(variants, variant)) {
    const all: Record<string, unknown> = { ...variants, [variant]: own };
    if (Object.keys(own).length === 0) delete all[variant];
    if (Object.keys(all).length > 0) members.set('variantSettings', all);
    else members.delete('variantSettings');
  }
  const result = printObject(members, text);
  parseModelConfig(JSON.parse(result), FILE);
  return result;
}

/** The preferred sizes that still fit under a batch size; undefined where all of them do. */
function fittingSizes(settings: ModelSettings, variant: string, most: number): readonly number[] | undefined {
  const { preferredBatchSizes } = settingsOf(settings, variant);
  const fitting = preferredBatchSizes.filter((size) => size <= most);
  return fitting.length === preferredBatchSizes.length ? undefined : fitting;
}

/** As model.json has them: `"instances": 1, "intraOpThreads": 2`; "no keys" where there is none. */
export function settingsText(settings: Settings): string {
  const text = Object.entries(settings).map(([key, value]) => `"${key}": ${value}`);
  return text.length === 0 ? 'no keys' : text.join(', ');
}
