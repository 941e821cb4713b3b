import { isObject, type JsonObject, objectField, textField } from '../export-folder.ts';
import { type LibraryTokenizer, openLibraryTokenizer, type Processed } from './library.ts';
import { withoutVocabulary } from './token-joiner.ts';
import { type PlacedToken, TokenPlacer } from './token-positions.ts';
import { isUnigrams, lightUnigrams } from './unigram.ts';
import { boundedWordPiece } from './word-piece.ts';

/** A text, or two that the model reads as a pair. */
export interface TextInput {
  readonly text: string;
  readonly pair?: string;
}

export interface EncodeOptions {
  /** Tokens the model reads at most, special ones included. */
  readonly maxLength: number;
  /** Cut what is longer; otherwise it comes back empty, with its length. */
  readonly truncate: boolean;
  /** Cut the first text of a pair only, so that the second stays whole. */
  readonly onlyFirst?: boolean;
  /** Give the place of each token too. */
  readonly places?: boolean;
}

/** What one input became: plain data, so that it can cross threads. */
export interface Encoded {
  readonly ids: readonly number[];
  /** 0 for the first text, 1 for its pair, as the export's template says. */
  readonly typeIds: readonly number[];
  /** Tokens before truncation, special ones included. */
  readonly length: number;
  /** The tokens of the text with their places, without special ones, and the special ones before them. */
  readonly placed?: { readonly tokens: readonly PlacedToken[]; readonly first: number };
}

/**
 * The files of a tokenizer: tokenizer.json as it was read, because its object is slow to copy, and the other parsed.
 */
export interface TokenizerSource {
  readonly tokenizer: string;
  readonly config: JsonObject;
}

/** What is known of a tokenizer where it is not. */
export interface TokenizerFacts {
  readonly padId: number | undefined;
  /** For `TokenJoiner`. */
  readonly joiner: JsonObject;
}

/**
 * Text to token ids by an export's tokenizer.json. Adds to the library what it has not: truncation in the way of the
 * Python tokenizers ("longest_first"), and pairs with an empty text.
 */
export class TextTokenizer {
  readonly #tokenizer: LibraryTokenizer;
  readonly #truncateLeft: boolean;
  readonly #placer: TokenPlacer;
  /** Special tokens around one text, and around two. */
  readonly #around: readonly [one: number, two: number];
  readonly facts: TokenizerFacts;

  /** Throws where the files do not make a tokenizer. */
  constructor({ tokenizer, config }: TokenizerSource) {
    const file: unknown = JSON.parse(tokenizer);
    if (!isObject(file)) throw new Error('tokenizer.json must hold an object');
    this.#tokenizer = openLibraryTokenizer(file, config);
    const { model } = this.#tokenizer;
    if (model !== null && textField(model.config, 'type') === 'WordPiece') {
      this.#tokenizer.model = boundedWordPiece(model);
    } else if (model !== null && isUnigrams(model)) {
      this.#tokenizer.model = lightUnigrams(model);
    }
    this.#placer = new TokenPlacer(this.#tokenizer, file);
    this.facts = { padId: padId(this.#tokenizer, config), joiner: withoutVocabulary(file) };
    this.#truncateLeft = config['truncation_side'] === 'left';
    const around = (second: string[] | null) => this.#withSpecialTokens([], second).tokens.length;
    this.#around = [around(null), around([])];
  }

  /** Stops behind the first input that does not fit: whoever sent them is told of that one. */
  encodeAll(inputs: readonly TextInput[], options: EncodeOptions): Encoded[] {
    const encoded: Encoded[] = [];
    // A text stands in front of each label, a query in front of each text: it is cut into tokens once.
    const cut = rememberingLast((text) => this.#tokenizer.tokenize(text));
    for (const input of inputs) {
      const each = this.#encode(input, options, cut);
      encoded.push(each);
      if (!fits(each)) break;
    }
    return encoded;
  }

  encode(input: TextInput, options: EncodeOptions): Encoded {
    return this.#encode(input, options, (text) => this.#tokenizer.tokenize(text));
  }

  #encode({ text, pair }: TextInput, options: EncodeOptions, cut: (text: string) => string[]): Encoded {
    if (options.places === true) return this.#encodePlaced(text, options);
    const first = cut(text);
    const second = pair === undefined ? null : this.#tokenizer.tokenize(pair);
    const { length, keep } = this.#fit(first, second, options);
    if (keep === undefined) return { ids: [], typeIds: [], length };
    const [keepFirst, keepSecond] = keep;
    const processed = this.#withSpecialTokens(
      this.#cut(first, keepFirst),
      second === null ? null : this.#cut(second, keepSecond),
    );
    return this.#encoded(processed, length);
  }

  #encodePlaced(text: string, options: EncodeOptions): Encoded {
    const placed = this.#placer.place(text);
    const { length, keep } = this.#fit(
      placed.map(({ token }) => token),
      null,
      options,
    );
    if (keep === undefined) return { ids: [], typeIds: [], length };
    const tokens = this.#cut(placed, keep[0]);
    const processed = this.#withSpecialTokens(
      tokens.map(({ token }) => token),
      null,
    );
    return { ...this.#encoded(processed, length), placed: { tokens, first: this.#tokensInFront() } };
  }

  /** The length with special tokens, and how many tokens of each text stay; none where the text may not be cut. */
  #fit(first: string[], second: string[] | null, { maxLength, truncate, onlyFirst }: EncodeOptions) {
    const [a, b] = [first.length, second?.length ?? 0];
    const length = a + b + this.#around[second === null ? 0 : 1];
    if (length <= maxLength) return { length, keep: [a, b] as const };
    const room = maxLength - (length - a - b);
    if (!truncate || room < 0) return { length, keep: undefined };
    if (onlyFirst !== true) return { length, keep: keptLengths(a, b, room) };
    return { length, keep: room > b ? ([room - b, b] as const) : undefined };
  }

  #tokensInFront(): number {
    const text = ['\u0000'];
    return this.#withSpecialTokens(text, null).tokens.indexOf('\u0000');
  }

  #cut<Token>(tokens: Token[], keep: number): Token[] {
    return this.#truncateLeft ? tokens.slice(tokens.length - keep) : tokens.slice(0, keep);
  }

  #withSpecialTokens(first: string[], second: string[] | null): Processed {
    const processor = this.#tokenizer.post_processor;
    const processed =
      processor === null ? { tokens: first, tokens_pair: second } : processor(first, second, true);
    const { tokens, tokens_pair: beside } = processed;
    if (beside === null || beside === undefined) return processed;
    // A processor that puts nothing around the texts leaves them apart.
    return {
      tokens: [...tokens, ...beside],
      token_type_ids: [...tokens.map(() => 0), ...beside.map(() => 1)],
    };
  }

  #encoded(processed: Processed, length: number): Encoded {
    const { tokens, token_type_ids: typeIds = [] } = processed;
    return {
      ids: tokens.map((token) => this.#idOf(token)),
      typeIds: tokens.map((_, index) => typeIds[index] ?? 0),
      length,
    };
  }

  /** An added token may be here as a normalizer has made it, which is in no vocabulary. */
  #idOf(token: string): number {
    const tokenizer = this.#tokenizer;
    const id = tokenizer.token_to_id(token) ?? tokenizer.added_tokens_map.get(token)?.id;
    return id ?? tokenizer.model?.unk_token_id ?? 0;
  }
}

/** Whether anything is left of it: without truncation, what is too long comes back empty. */
export const fits = ({ ids, length }: Encoded): boolean => length === 0 || ids.length > 0;

function rememberingLast<Answer>(ask: (text: string) => Answer): (text: string) => Answer {
  let last: { readonly text: string; readonly answer: Answer } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, answer: ask(text) };
    return last.answer;
  };
}

/** How much of each text stays when together they may have `room` tokens: the longer one gives first. */
function keptLengths(first: number, second: number, room: number): [number, number] {
  const half = Math.floor(room / 2);
  const shorter = Math.min(first, second);
  if (shorter <= half) {
    return first >= second ? [room - shorter, shorter] : [shorter, room - shorter];
  }
  return first > second ? [room - half, half] : [half, room - half];
}

/** `pad_token` is a string, or an object with its `content`. */
function padId(tokenizer: LibraryTokenizer, config: JsonObject): number | undefined {
  const content =
    textField(config, 'pad_token') ?? textField(objectField(config, 'pad_token') ?? {}, 'content');
  return content === undefined ? undefined : tokenizer.token_to_id(content);
}
