import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { wordTokenizer } from '../../support/tasks/word-tokenizer.ts';

/** The library's tokenizer with that normalizer, over words. */
const normalizerOf = (normalizer: object) => {
  const { normalizer: opened } = wordTokenizer({ normalizer });
  if (opened === null) throw new Error('there is no normalizer');
  return opened;
};

const bert = (changes: object) =>
  normalizerOf({
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
    ...changes,
  });

// What `normalize_str` of the Python package gives (tokenizers 0.23.2).
it.each([
  ['ΟΔΟΣ ΣΟΦΟΣ', 'οδοσ σοφοσ', 'ΟΔΟΣ ΣΟΦΟΣ'],
  ['abc𠀀def', 'abc 𠀀 def', 'abc 𠀀 def'],
  ['漢字𠮷野家', ' 漢  字  𠮷  野  家 ', ' 漢  字  𠮷  野  家 '],
  ['Ångström İstanbul ßẞ', 'angstrom istanbul ßß', 'Ångström İstanbul ßẞ'],
  ['a\u0000\ufffd\u0007\u200d\u00adb\tc\r\nd\u3000e', 'ab c  d e', 'ab c  d e'],
  ['cafe\u0301 Ǆ ﬁ 한국', 'cafe ǆ ﬁ \u1112\u1161\u11ab\u1100\u116e\u11a8', 'cafe\u0301 Ǆ ﬁ 한국'],
])('normalizes %j for BERT as the Python tokenizer does', (text, uncased, cased) => {
  expect(bert({})(text)).toBe(uncased);
  expect(bert({ lowercase: false })(text)).toBe(cased);
});

it('leaves out what is turned off', () => {
  const plain = { clean_text: false, handle_chinese_chars: false, strip_accents: false };
  expect(bert(plain)('\u0007É漢')).toBe('\u0007é漢');
  expect(bert({ strip_accents: true, lowercase: false })('É')).toBe('E');
});

it('lowers each letter by itself, inside a sequence too', () => {
  const sequence = { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] };
  expect(normalizerOf(sequence)('ΟΔΟΣ ÉΣ')).toBe('οδοσ éσ');
});

const { charsmap, cases } = JSON.parse(
  readFileSync(new URL('../../fixtures/charsmap.json', import.meta.url), 'utf8'),
) as { charsmap: string; cases: [text: string, normalized: string][] };

it.each(cases)('normalizes %j by the rules that a sentencepiece model brings along', (text, normalized) => {
  expect(normalizerOf({ type: 'Precompiled', precompiled_charsmap: charsmap })(text)).toBe(normalized);
});

it('is no normalizer without rules that can be read', () => {
  expect(() => normalizerOf({ type: 'Precompiled', precompiled_charsmap: 'AAA=' })).toThrow();
});
