import { type JsonObject, textField } from '../export-folder.ts';
import { type LibraryTokenizer, openLibraryTokenizer, type PostProcessor } from './library.ts';
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
}

/** What one input became: plain data, so that it can cross threads. */
export interface Encoded {
  readonly ids: readonly number[];
  /** 0 for the first text, 1 for its pair, as the export's template says. */
  readonly typeIds: readonly number[];
  /** Tokens before truncation, special ones included. */
  readonly length: number;
}

export interface TokenizerFiles {
  readonly tokenizer: JsonObject;
  readonly config: JsonObject;
}

/**
 * Text to token ids by an export's tokenizer.json. Adds to the library what it has not: truncation in the way of the
 * Python tokenizers ("longest_first"), and pairs with an empty text.
 */
export class TextTokenizer {
  readonly #tokenizer: LibraryTokenizer;
  readonly #truncateLeft: boolean;

  constructor({ tokenizer, config }: TokenizerFiles) {
    this.#tokenizer = openLibraryTokenizer(tokenizer, config);
    const { model } = this.#tokenizer;
    if (model !== null && textField(model.config, 'type') === 'WordPiece') {
      this.#tokenizer.model = boundedWordPiece(model);
    }
    this.#truncateLeft = config['truncation_side'] === 'left';
  }

  encode({ text, pair }: TextInput, { maxLength, truncate }: EncodeOptions): Encoded {
    const first = this.#tokenizer.tokenize(text);
    const second = pair === undefined ? null : this.#tokenizer.tokenize(pair);
    const whole = this.#withSpecialTokens(first, second);
    const length = whole.tokens.length;
    if (length <= maxLength) return this.#encoded(whole, length);
    const special = length - first.length - (second?.length ?? 0);
    if (!truncate || special > maxLength) return { ids: [], typeIds: [], length };
    const [keepFirst, keepSecond] = keptLengths(first.length, second?.length ?? 0, maxLength - special);
    const cut = this.#withSpecialTokens(
      this.#cut(first, keepFirst),
      second === null ? null : this.#cut(second, keepSecond),
    );
    return this.#encoded(cut, length);
  }

  /** The id of a token as the export writes it. */
  tokenId(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token);
  }

  #cut(tokens: string[], keep: number): string[] {
    return this.#truncateLeft ? tokens.slice(tokens.length - keep) : tokens.slice(0, keep);
  }

  #withSpecialTokens(first: string[], second: string[] | null): ReturnType<PostProcessor> {
    const processor = this.#tokenizer.post_processor;
    if (processor === null) return { tokens: second === null ? first : [...first, ...second] };
    return processor(first, second, true);
  }

  #encoded(processed: ReturnType<PostProcessor>, length: number): Encoded {
    const { tokens, token_type_ids: typeIds = [] } = processed;
    const unknown = this.#tokenizer.model?.unk_token_id ?? 0;
    return {
      ids: tokens.map((token) => this.#tokenizer.token_to_id(token) ?? unknown),
      typeIds: tokens.map((_, index) => typeIds[index] ?? 0),
      length,
    };
  }
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
