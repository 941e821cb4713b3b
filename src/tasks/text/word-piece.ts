import { numberField, textField } from '../export-folder.ts';
import { cuttingBy, type PieceModel } from './library.ts';

/**
 * WordPiece that answers as the library's does, without its worst case. The library tries every prefix of what is left
 * of a word, from the whole of it down: a word of 99 random letters took 2.2 ms, 20 kB of them 450 ms. No piece can be
 * longer than the longest entry of the vocabulary, so the search starts there: 0.07 ms and 27 ms.
 */
export function boundedWordPiece(model: PieceModel): PieceModel {
  const { config, tokens_to_ids } = model;
  const prefix = textField(config, 'continuing_subword_prefix') ?? '##';
  const mostCharacters = numberField(config, 'max_input_chars_per_word') ?? 100;
  const unknown = [model.unk_token ?? '[UNK]'];
  let longest = 0;
  for (const entry of tokens_to_ids.keys()) longest = Math.max(longest, entry.length);

  /** Cuts between UTF-16 units: half a surrogate pair is in no vocabulary, so no character is ever split. */
  const longestPieceEnd = (word: string, start: number, before: string): number | undefined => {
    let end = Math.min(word.length, start + longest - before.length);
    while (end > start && !tokens_to_ids.has(before + word.slice(start, end))) end--;
    return end > start ? end : undefined;
  };

  const pieces = (word: string): string[] | undefined => {
    if (word.length > mostCharacters && [...word].length > mostCharacters) return undefined;
    const found: string[] = [];
    for (let start = 0; start < word.length; ) {
      const before = start > 0 ? prefix : '';
      const end = longestPieceEnd(word, start, before);
      if (end === undefined) return undefined;
      found.push(before + word.slice(start, end));
      start = end;
    }
    return found;
  };

  return cuttingBy((word) => pieces(word) ?? unknown, model);
}
