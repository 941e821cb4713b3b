import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openLibraryTokenizer } from '../../../src/tasks/text/library.ts';
import { TextTokenizer } from '../../../src/tasks/text/text-tokenizer.ts';
import { exportFolder } from '../../support/tasks/reference.ts';

const read = (name: string) => JSON.parse(readFileSync(`${exportFolder('xlmr-embedder')}/${name}`, 'utf8'));

const files = { tokenizer: read('tokenizer.json'), config: read('tokenizer_config.json') };
const library = openLibraryTokenizer(files.tokenizer, files.config);
const ours = new TextTokenizer({ tokenizer: JSON.stringify(files.tokenizer), config: files.config });

it('cuts any text into the pieces the library cuts it into', () => {
  const words = fc.array(fc.string({ unit: fc.constantFrom(...'abcdehinorst£’é😀漢☃♞'), maxLength: 30 }));
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    words.map((list) => list.join(' ')),
  );
  const unknown = library.model?.unk_token_id;
  fc.assert(
    fc.property(texts, (text) => {
      const ids = library.tokenize(text).map((token) => library.token_to_id(token) ?? unknown);
      const { ids: all } = ours.encode({ text }, { maxLength: 1e6, truncate: false });
      expect(all.slice(1, -1)).toEqual(ids);
    }),
  );
});

it.each([
  ['many words', 'a b '.repeat(150_000)],
  ['one word', 'x'.repeat(300_000)],
])('reads as long a text as a request may have: %s', (_, text) => {
  const { ids, length } = ours.encode({ text }, { maxLength: 64, truncate: true });
  expect(ids).toHaveLength(64);
  expect(length).toBeGreaterThanOrEqual(300_000);
});

it('reads what it does not know as one token, however long', () => {
  expect(ours.encode({ text: `a ${'漢'.repeat(300_000)}` }, { maxLength: 64, truncate: false }).length).toBe(
    5,
  );
});
