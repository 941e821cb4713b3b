import { expect, it } from 'vitest';
import { wordTokenizer } from '../../support/tasks/word-tokenizer.ts';

const partsOf = (preTokenizer: object, text: string): string[] | undefined =>
  wordTokenizer({ pre_tokenizer: preTokenizer }).pre_tokenizer?.(text, { section_index: 0 });

const WHITESPACE = { type: 'Whitespace' };
const WHITESPACE_SPLIT = { type: 'WhitespaceSplit' };
const PUNCTUATION = { type: 'Punctuation', behavior: 'Isolated' };
const METASPACE = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const EACH_DIGIT = { type: 'Digits', individual_digits: true };

// What `pre_tokenize_str` of the Python package gives (tokenizers 0.23.2).
it.each([
  [WHITESPACE, 'café, naïve!? x_1 ½', ['café', ',', 'naïve', '!?', 'x_1', '½']],
  [WHITESPACE, 'Привет, 東京。 नमस्ते', ['Привет', ',', '東京', '。', 'नमस्ते']],
  [METASPACE, 'ab  c d ', ['▁ab', '▁', '▁c', '▁d', '▁']],
  [{ ...METASPACE, prepend_scheme: 'never' }, 'ab c', ['ab', '▁c']],
  [{ ...METASPACE, split: false }, 'ab  c', ['▁ab▁▁c']],
  [WHITESPACE_SPLIT, '\ufeffa\u0085b c', ['\ufeffa', 'b', 'c']],
  [PUNCTUATION, 'a//b…!?«c»', ['a', '/', '/', 'b', '…', '!', '?', '«', 'c', '»']],
  [{ ...PUNCTUATION, behavior: 'Removed' }, 'a//b…!?c', ['a', 'b', 'c']],
  [{ ...PUNCTUATION, behavior: 'Contiguous' }, 'a//b…!?c', ['a', '//', 'b', '…!?', 'c']],
  [EACH_DIGIT, 'a12 ٣٤²', ['a', '1', '2', ' ', '٣', '٤', '²']],
  [{ ...EACH_DIGIT, individual_digits: false }, 'a12 ٣٤²', ['a', '12', ' ', '٣٤²']],
  [
    { type: 'Sequence', pretokenizers: [WHITESPACE_SPLIT, PUNCTUATION, EACH_DIGIT] },
    'é-12 «x»',
    ['é', '-', '1', '2', '«', 'x', '»'],
  ],
])('%j takes %j apart as the Python pre-tokenizer does', (preTokenizer, text, parts) => {
  expect(partsOf(preTokenizer, text)).toEqual(parts);
});
