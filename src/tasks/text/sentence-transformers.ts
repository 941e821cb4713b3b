import { InferenceError } from '../../errors.ts';
import {
  type ExportFolder,
  type JsonObject,
  jsonObject,
  numberField,
  objectField,
  textField,
} from '../export-folder.ts';
import { POOLINGS, type Pooling } from './pooling.ts';

/** What an export says about how its token vectors become the vector of a text. */
export interface SentenceSettings {
  /** Empty where it says nothing. */
  readonly pooling: readonly Pooling[];
  readonly normalize: boolean;
  /** Layers behind the pooling that only a graph which contains them can do. */
  readonly dense: boolean;
  readonly maxLength: number | undefined;
  /** Texts that are put in front, by name. */
  readonly prompts: ReadonlyMap<string, string>;
  readonly defaultPrompt: string | undefined;
}

/** The keys of 1_Pooling/config.json, in the order in which their vectors are joined. */
const POOLING_KEYS: readonly (readonly [key: string, pooling: Pooling])[] = [
  ['pooling_mode_cls_token', 'cls'],
  ['pooling_mode_max_tokens', 'max'],
  ['pooling_mode_mean_tokens', 'mean'],
  ['pooling_mode_mean_sqrt_len_tokens', 'mean_sqrt_len'],
  ['pooling_mode_weightedmean_tokens', 'weighted_mean'],
  ['pooling_mode_lasttoken', 'last_token'],
];

/** Names that `pooling_mode` has in newer files. */
const POOLING_NAMES: Readonly<Record<string, Pooling>> = {
  mean_sqrt_len_tokens: 'mean_sqrt_len',
  weightedmean: 'weighted_mean',
  lasttoken: 'last_token',
};

export async function readSentenceSettings(folder: ExportFolder): Promise<SentenceSettings> {
  const modules = await folder.json('modules.json');
  const list = (Array.isArray(modules) ? modules : []) as readonly JsonObject[];
  const kinds = list.map((module) => textField(module, 'type')?.split('.').at(-1));
  const path = textField(list[kinds.indexOf('Pooling')] ?? {}, 'path') ?? '1_Pooling';
  const limits = await jsonObject(folder, 'sentence_bert_config.json');
  const texts = await jsonObject(folder, 'config_sentence_transformers.json');
  const prompts = Object.entries(objectField(texts, 'prompts') ?? {});
  return {
    pooling: poolingOf(await jsonObject(folder, `${checkedPath(path, folder)}/config.json`), folder),
    normalize: kinds.includes('Normalize'),
    dense: kinds.includes('Dense'),
    maxLength: numberField(limits, 'max_seq_length'),
    prompts: new Map(prompts.map(([name, prompt]) => [name, String(prompt)])),
    defaultPrompt: textField(texts, 'default_prompt_name'),
  };
}

/** A module is a folder of the export; nothing else is read. */
function checkedPath(path: string, { model }: ExportFolder): string {
  if (/^[\w-]+$/.test(path)) return path;
  throw new InferenceError(
    'failed_precondition',
    `modules.json of model '${model}' has a path that is not a folder`,
  );
}

function poolingOf(config: JsonObject, { model }: ExportFolder): Pooling[] {
  const found = POOLING_KEYS.filter(([key]) => config[key] === true).map(([, pooling]) => pooling);
  const named = config['pooling_mode'];
  if (found.length > 0 || named === undefined) return found;
  return (Array.isArray(named) ? named : [named]).map((each) => {
    const name = POOLING_NAMES[String(each)] ?? POOLINGS.find((pooling) => pooling === each);
    if (name !== undefined) return name;
    throw new InferenceError(
      'failed_precondition',
      `model '${model}' has an unknown pooling '${String(each)}'`,
    );
  });
}
