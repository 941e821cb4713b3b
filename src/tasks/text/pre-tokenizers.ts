import { isObject, type JsonObject, textField } from '../export-folder.ts';

/**
 * Has a tokenizer.json say in regular expressions what the library's own pre-tokenizers do for ASCII alone, or not at
 * all: `Whitespace` takes a word apart at each letter with an accent, `Digits` knows ten of them, `Punctuation` leaves
 * neighbours together, and to `WhitespaceSplit` a byte order mark is a space.
 */
export function asSplits(stage: unknown): unknown {
  if (!isObject(stage)) return stage;
  const { type, pretokenizers: inner } = stage;
  if (type === 'Sequence' && Array.isArray(inner)) return { ...stage, pretokenizers: inner.map(asSplits) };
  if (type === 'Metaspace' && stage['split'] !== false) return wordwise(stage);
  if (type === 'Whitespace') return split(`[${WORD}]+|[^${WORD}\\s]+`, 'Removed', true);
  if (type === 'WhitespaceSplit') return split('\\s+', 'Removed');
  if (type === 'Digits')
    return split(stage['individual_digits'] === true ? NUMBER : `${NUMBER}+`, 'Isolated');
  if (type !== 'Punctuation') return stage;
  const { behavior = 'Isolated' } = stage;
  return behavior === 'Isolated' || behavior === 'Removed' ? split(PUNCTUATION, behavior) : stage;
}

/** Each space begins a word: one at a time, words are never taken for pieces of each other. */
function wordwise(stage: JsonObject): JsonObject {
  const space = textField(stage, 'replacement') ?? '\u2581';
  return {
    type: 'Sequence',
    pretokenizers: [stage, split(`${space}[^${space}]*|[^${space}]+`, 'Removed', true)],
  };
}

/** What Python's `\w` is in the regular expressions of the tokenizers. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';

const NUMBER = '\\p{N}';

const PUNCTUATION = '[\\p{P}\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e]';

const split = (regex: string, behavior: string, invert = false): JsonObject => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior,
  invert,
});
