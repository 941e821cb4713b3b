import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openLibraryTokenizer } from '../../../src/tasks/text/library.ts';
import { TextTokenizer } from '../../../src/tasks/text/text-tokenizer.ts';
import { exportFolder } from '../../support/tasks/reference.ts';

const read = (name: string) => JSON.parse(readFileSync(`${exportFolder('bert-classifier')}/${name}`, 'utf8'));

const files = { tokenizer: read('tokenizer.json'), config: read('tokenizer_config.json') };
const library = openLibraryTokenizer(files.tokenizer, files.config);
const ours = new TextTokenizer({ tokenizer: JSON.stringify(files.tokenizer), config: files.config });

const LIMIT = { maxLength: 1000, truncate: false };

it('cuts any text into the pieces the library cuts it into', () => {
  const words = fc.array(fc.string({ unit: fc.constantFrom(...'abcdeinorst£’é😀漢'), maxLength: 120 }));
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    words.map((list) => list.join(' ')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const ids = library.tokenize(text).map((token) => library.token_to_id(token));
      expect(ours.encode({ text }, LIMIT).ids.slice(1, -1)).toEqual(ids);
    }),
  );
});

it('takes from the longer text of a pair first, and keeps the special tokens', () => {
  const pair = { text: 'card '.repeat(20), pair: 'the '.repeat(6) };
  const whole = ours.encode(pair, LIMIT);
  expect(whole.length).toBe(29);
  const cut = ours.encode(pair, { maxLength: 15, truncate: true });
  expect(cut.length).toBe(29);
  expect(cut.ids).toEqual([...whole.ids.slice(0, 7), ...whole.ids.slice(21)]);
  expect(cut.typeIds.filter((type) => type === 1)).toHaveLength(7);
});

it('halves both texts of a pair when neither fits into its half', () => {
  const cut = ours.encode(
    { text: 'card '.repeat(20), pair: 'the '.repeat(30) },
    { maxLength: 14, truncate: true },
  );
  expect(cut.typeIds).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1].slice(0, cut.ids.length));
});

it('reads an empty second text as a pair', () => {
  const { ids } = ours.encode({ text: 'card', pair: '' }, LIMIT);
  expect(ids).toHaveLength(4);
});
