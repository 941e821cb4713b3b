import { InferenceError, invalidArgument, messageOf } from '../../errors.ts';
import { type ExportFolder, jsonObject, numberField, objectField, textField } from '../export-folder.ts';
import {
  type Encoded,
  type EncodeOptions,
  type TextInput,
  TextTokenizer,
  type TokenizerFiles,
} from './text-tokenizer.ts';
import { TokenizerHost } from './tokenizer-host.ts';

/**
 * Characters of one request that are tokenized where the request arrived. Measured with the shipped 4,000-piece tokenizer:
 * 10 words (46 characters) 9 us, 500 words (2,133) 0.25 to 0.4 ms, 5,000 words 5 ms, and 1.7 us a character at worst
 * (random letters in 99-letter words). Up to here the event loop is held for 0.2 ms, 2 ms at worst; beyond, a thread
 * costs less than what it saves.
 */
const INLINE_CHARACTERS = 1000;

/** Tokenizers write "no limit" as 1e30. */
const NO_LIMIT = 1e9;

/** Model types whose position table begins after the padding index, as RoBERTa's does. */
const OFFSET_POSITIONS = new Set([
  'roberta',
  'xlm-roberta',
  'xlm-roberta-xl',
  'camembert',
  'mpnet',
  'longformer',
  'roberta-prelayernorm',
  'ibert',
  'data2vec-text',
  'mdeberta',
]);

export interface EncodeRequest {
  readonly truncation: boolean;
  readonly max_length?: number | undefined;
  readonly onlyFirst?: boolean;
  readonly places?: boolean;
}

const host = new TokenizerHost();
const forgotten = new FinalizationRegistry((key: number) => host.close(key));
let lastKey = 0;

/** Text to token ids, checked against what the model can read; long texts are tokenized off the event loop. */
export class TextEncoder {
  readonly #files: TokenizerFiles;
  readonly tokenizer: TextTokenizer;
  readonly #key = ++lastKey;
  /** Most tokens the model reads; undefined where the export sets no limit. */
  readonly maxLength: number | undefined;
  readonly padId: number;
  readonly padLeft: boolean;
  /** Whether the model tells a pair's texts apart; where it does not, its table of types has one row. */
  readonly hasTypes: boolean;

  constructor(files: TokenizerFiles, modelConfig: ExportConfig, limit?: number) {
    this.#files = files;
    this.tokenizer = new TextTokenizer(files);
    this.maxLength = maxLength(files.config, modelConfig, limit);
    this.padId = padId(this.tokenizer, files.config, modelConfig);
    this.padLeft = files.config['padding_side'] === 'left';
    this.hasTypes = numberField(modelConfig, 'type_vocab_size') !== 1;
    forgotten.register(this, this.#key);
  }

  /**
   * Rejects with `invalid_argument` for a text of more tokens than the limit, unless truncation was asked for.
   * @param limit tokens the graph itself can take, where its sequence axis is fixed
   * @param field of the request, for the message
   */
  async encode(
    inputs: readonly TextInput[],
    request: EncodeRequest,
    limit: number | undefined,
    field = 'inputs',
  ): Promise<readonly Encoded[]> {
    const most = Math.min(this.maxLength ?? NO_LIMIT, limit ?? NO_LIMIT);
    if (request.max_length !== undefined && request.max_length > most) {
      throw invalidArgument(
        `'parameters.max_length' is ${request.max_length}, the model reads at most ${most} tokens`,
      );
    }
    const { truncation, max_length, onlyFirst = false, places = false } = request;
    const options = { maxLength: max_length ?? most, truncate: truncation, onlyFirst, places };
    const encoded = await this.#encodeAll(inputs, options);
    for (const [index, { ids, length }] of encoded.entries()) {
      if (length > 0 && ids.length === 0) throw tooLong(field, index, inputs.length, length, options);
    }
    return encoded;
  }

  async #encodeAll(inputs: readonly TextInput[], options: EncodeOptions): Promise<readonly Encoded[]> {
    let characters = 0;
    for (const { text, pair } of inputs) characters += text.length + (pair?.length ?? 0);
    if (characters > INLINE_CHARACTERS) return host.encode(this.#key, this.#files, inputs, options);
    return inputs.map((input) => this.tokenizer.encode(input, options));
  }
}

type ExportConfig = Awaited<ReturnType<typeof jsonObject>>;

/**
 * The text encoder of an export. Throws `failed_precondition` where it has no usable tokenizer.json.
 * @param limit tokens a text may have by another file of the export
 */
export async function openTextEncoder(
  folder: ExportFolder,
  modelConfig: ExportConfig,
  limit?: number,
): Promise<TextEncoder> {
  const config = await jsonObject(folder, 'tokenizer_config.json');
  const tokenizer = await jsonObject(folder, 'tokenizer.json');
  const fail = (why: string, cause?: string) =>
    new InferenceError('failed_precondition', `model '${folder.model}' ${why}`, { cause });
  if (tokenizer['model'] === undefined) throw fail('has no tokenizer.json, which this task needs');
  try {
    return new TextEncoder({ tokenizer, config }, modelConfig, limit);
  } catch (error) {
    throw fail('has a tokenizer.json that cannot be used', messageOf(error));
  }
}

function tooLong(field: string, index: number, count: number, length: number, options: EncodeOptions) {
  const which = count === 1 ? `'${field}'` : `'${field}.${index}'`;
  return invalidArgument(
    `${which} has ${length} tokens, the limit is ${options.maxLength}; set 'parameters.truncation' to true to have it cut`,
  );
}

function maxLength(config: ExportConfig, modelConfig: ExportConfig, other: number | undefined) {
  const text = objectField(modelConfig, 'text_config') ?? modelConfig;
  const limits = [numberField(config, 'model_max_length'), positions(text), other].filter(
    (limit): limit is number => limit !== undefined && limit > 0 && limit < NO_LIMIT,
  );
  return limits.length === 0 ? undefined : Math.min(...limits);
}

function positions(config: ExportConfig): number | undefined {
  const rows = numberField(config, 'max_position_embeddings');
  if (rows === undefined || !OFFSET_POSITIONS.has(textField(config, 'model_type') ?? '')) return rows;
  return rows - (numberField(config, 'pad_token_id') ?? 1) - 1;
}

/** `pad_token` is a string, or an object with its `content`. */
function padId(tokenizer: TextTokenizer, config: ExportConfig, modelConfig: ExportConfig): number {
  const content =
    textField(config, 'pad_token') ?? textField(objectField(config, 'pad_token') ?? {}, 'content');
  const fromToken = content === undefined ? undefined : tokenizer.tokenId(content);
  return fromToken ?? numberField(modelConfig, 'pad_token_id') ?? 0;
}
