import { type JsonObject, objectField, textField } from '../export-folder.ts';
import { joinByteTokens } from './byte-symbols.ts';
import { type LibraryTokenizer, openLibraryTokenizer } from './library.ts';

/** A tokenizer.json without its vocabulary: enough to join tokens, and small enough to cross threads. */
export function withoutVocabulary(file: JsonObject): JsonObject {
  const model = objectField(file, 'model') ?? {};
  const unigram = Array.isArray(model['vocab']);
  return {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: file['decoder'] ?? null,
    model: { ...model, vocab: unigram ? [['', 0]] : {}, merges: [], ...(unigram ? { unk_id: 0 } : {}) },
  };
}

/** Joins tokens to a text, as an export's decoder does. */
export class TokenJoiner {
  readonly #tokenizer: LibraryTokenizer;
  readonly #byteLevel: boolean;
  /** Whether tokens tell that they continue a word, as word pieces do. */
  readonly marksContinuation: boolean;

  /** @param file from `withoutVocabulary` */
  constructor(file: JsonObject) {
    this.#tokenizer = openLibraryTokenizer(file, {});
    this.#byteLevel = textField(objectField(file, 'decoder') ?? {}, 'type') === 'ByteLevel';
    const model = objectField(file, 'model') ?? {};
    this.marksContinuation = (textField(model, 'continuing_subword_prefix') ?? '') !== '';
  }

  join(tokens: readonly string[]): string {
    if (this.#byteLevel) return joinByteTokens(tokens);
    const { decoder } = this.#tokenizer;
    return decoder === null ? tokens.join(' ') : decoder([...tokens]);
  }
}
