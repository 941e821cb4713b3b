import { InferenceError, invalidArgument, messageOf } from '../../errors.ts';
import { type ExportFolder, type JsonObject, jsonObject } from '../export-folder.ts';
import { NO_LIMIT, type TextLimits, textLimits } from './text-limits.ts';
import {
  type Encoded,
  type EncodeOptions,
  fits,
  type TextInput,
  TextTokenizer,
  type TokenizerFacts,
  type TokenizerSource,
} from './text-tokenizer.ts';
import { TokenJoiner } from './token-joiner.ts';
import { TokenizerHost } from './tokenizer-host.ts';

/**
 * Characters of one request that are tokenized where the request arrived. Measured with the shipped 4,000-piece
 * tokenizer: 10 words (46 characters) 9 us, 500 words (2,133) 0.25 to 0.4 ms, 5,000 words 5 ms, and 1.7 us a character
 * at worst (random letters in 99-letter words). Up to here the event loop is held for 0.2 ms, 2 ms at worst; beyond, a
 * thread costs less than what it saves.
 */
const INLINE_CHARACTERS = 1000;

/**
 * Bytes of a tokenizer.json that is opened here too, for short texts; a larger one is opened in the thread only. A
 * vocabulary of 30,000 word pieces (0.7 MB) takes 60 ms to open, 50,000 byte pairs (2 MB) 0.2 s, 250,000 unigrams (9
 * MB) 1.4 s; the hand-over of a short text to the thread takes 0.1 ms.
 */
const INLINE_TOKENIZER = 1_000_000;

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
  readonly #source: TokenizerSource;
  /** Only where it is small. */
  readonly #tokenizer: TextTokenizer | undefined;
  readonly #key: number;
  readonly joiner: TokenJoiner;
  readonly padId: number;
  readonly padLeft: boolean;
  /** Most tokens the model reads; undefined where the export sets no limit. */
  readonly maxLength: number | undefined;
  /** Whether the model tells a pair's texts apart; where it does not, its table of types has one row. */
  readonly hasTypes: boolean;

  private constructor(source: TokenizerSource, { key, tokenizer, facts, limits }: Opened) {
    this.#source = source;
    this.#key = key;
    this.#tokenizer = tokenizer;
    this.joiner = new TokenJoiner(facts.joiner);
    this.padId = facts.padId ?? limits.padId;
    this.padLeft = source.config['padding_side'] === 'left';
    this.maxLength = limits.maxLength;
    this.hasTypes = limits.hasTypes;
    forgotten.register(this, key);
  }

  /** Throws where the files do not make a tokenizer. */
  static async open(source: TokenizerSource, limits: TextLimits): Promise<TextEncoder> {
    const key = ++lastKey;
    if (source.tokenizer.length > INLINE_TOKENIZER) {
      const facts = await host.open(key, source);
      return new TextEncoder(source, { key, facts, limits });
    }
    const tokenizer = new TextTokenizer(source);
    return new TextEncoder(source, { key, tokenizer, facts: tokenizer.facts, limits });
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
    for (const [index, each] of encoded.entries()) {
      if (!fits(each)) throw tooLong(field, index, inputs.length, each.length, options);
    }
    return encoded;
  }

  async #encodeAll(inputs: readonly TextInput[], options: EncodeOptions): Promise<readonly Encoded[]> {
    let characters = 0;
    for (const { text, pair } of inputs) characters += text.length + (pair?.length ?? 0);
    const tokenizer = this.#tokenizer;
    if (tokenizer === undefined || characters > INLINE_CHARACTERS) {
      return host.encode(this.#key, this.#source, inputs, options);
    }
    return tokenizer.encodeAll(inputs, options);
  }
}

interface Opened {
  readonly key: number;
  readonly tokenizer?: TextTokenizer;
  readonly facts: TokenizerFacts;
  readonly limits: TextLimits;
}

/**
 * The text encoder of an export. Throws `failed_precondition` where it has no usable tokenizer.json.
 * @param limit tokens a text may have by another file of the export
 */
export async function openTextEncoder(
  folder: ExportFolder,
  modelConfig: JsonObject,
  limit?: number,
): Promise<TextEncoder> {
  const config = await jsonObject(folder, 'tokenizer_config.json');
  const tokenizer = await folder.text('tokenizer.json');
  const fail = (why: string, cause?: string) =>
    new InferenceError('failed_precondition', `model '${folder.model}' ${why}`, { cause });
  if (tokenizer === undefined) throw fail('has no tokenizer.json, which this task needs');
  try {
    return await TextEncoder.open({ tokenizer, config }, textLimits(config, modelConfig, limit));
  } catch (error) {
    throw fail('has a tokenizer.json that cannot be used', messageOf(error));
  }
}

function tooLong(field: string, index: number, count: number, length: number, options: EncodeOptions) {
  const which = count === 1 ? `'${field}'` : `'${field}.${index}'`;
  const remedy = options.truncate
    ? "so few that nothing is left beside the model's own"
    : "set 'parameters.truncation' to true to have it cut";
  return invalidArgument(`${which} has ${length} tokens, the limit is ${options.maxLength}; ${remedy}`);
}
