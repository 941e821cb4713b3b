import { Tokenizer } from '@huggingface/tokenizers';
import type { JsonObject } from '../export-folder.ts';
import { correctNormalizer, type Normalizer } from './normalizers.ts';
import { asSplits } from './pre-tokenizers.ts';

/** Splits words into the pieces of a vocabulary. */
export interface PieceModel {
  (words: string[]): string[];
  readonly config: JsonObject;
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly vocab: readonly string[];
  readonly unk_token_id?: number;
  readonly unk_token?: string;
}

/** A model of the same vocabulary that cuts words in another way. */
export const cuttingBy = (
  cut: (word: string) => readonly string[],
  { config, tokens_to_ids, vocab, unk_token_id: id, unk_token: token }: PieceModel,
): PieceModel =>
  Object.assign((words: string[]) => words.flatMap(cut), {
    config,
    tokens_to_ids,
    vocab,
    ...(id === undefined ? {} : { unk_token_id: id }),
    ...(token === undefined ? {} : { unk_token: token }),
  });

/** A text or two with the special tokens of an export around them. */
export interface Processed {
  readonly tokens: string[];
  readonly token_type_ids?: number[];
  /** The second text, where the processor leaves it by itself. */
  readonly tokens_pair?: string[] | null;
}

export type PostProcessor = (
  first: string[],
  second: string[] | null,
  addSpecialTokens: boolean,
) => Processed;

/**
 * The part of the library's tokenizer that is used here. Its own declarations import each other without file
 * extensions, which TypeScript does not resolve for ES modules, so they say nothing.
 */
export interface LibraryTokenizer {
  readonly normalizer: Normalizer | null;
  readonly pre_tokenizer: ((text: string, options: { section_index: number }) => string[]) | null;
  model: PieceModel | null;
  readonly post_processor: PostProcessor | null;
  readonly decoder: ((tokens: string[]) => string) | null;
  /** By what they are and by what a normalizer makes of them. */
  readonly added_tokens_map: ReadonlyMap<string, { readonly id: number }>;
  tokenize(text: string): string[];
  token_to_id(token: string): number | undefined;
}

/** Throws where the files do not make a tokenizer. */
export function openLibraryTokenizer(file: JsonObject, config: JsonObject): LibraryTokenizer {
  const stages = { ...file, pre_tokenizer: asSplits(file['pre_tokenizer']) };
  const tokenizer: LibraryTokenizer = new Tokenizer(stages, config);
  correctNormalizer(tokenizer.normalizer);
  return tokenizer;
}
