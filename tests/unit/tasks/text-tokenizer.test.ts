import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { TextTokenizer } from '../../../src/tasks/text/text-tokenizer.ts';
import { exportFolder } from '../../support/tasks/reference.ts';

const WHOLE = { maxLength: 1000, truncate: false };

/** The tokenizer of an export with some of its parts changed. */
function changed(name: string, change: (file: Record<string, unknown>) => object): TextTokenizer {
  const file = JSON.parse(readFileSync(`${exportFolder(name)}/tokenizer.json`, 'utf8'));
  return new TextTokenizer({ tokenizer: JSON.stringify({ ...file, ...change(file) }), config: {} });
}

it.each([
  ['that puts nothing around texts', { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false }],
  ['that is not there', null],
])('reads both texts of a pair with a post-processor %s', (_, processor) => {
  const tokenizer = changed('roberta-ner', () => ({ post_processor: processor }));
  const [first, second] = ['reset the card', 'the pin'].map((text) => tokenizer.encode({ text }, WHOLE).ids);
  const pair = tokenizer.encode({ text: 'reset the card', pair: 'the pin' }, WHOLE);
  expect(pair.ids).toEqual([...(first ?? []), ...(second ?? [])]);
  expect(pair.typeIds).toEqual([...(first ?? []).map(() => 0), ...(second ?? []).map(() => 1)]);
  const cut = tokenizer.encode({ text: '', pair: 'the pin' }, { maxLength: 2, truncate: true });
  expect(cut).toMatchObject({ ids: second?.slice(0, 2), length: second?.length });
});

it('knows an added token by what the normalizer makes of it', () => {
  const added = { content: 'COVID-19', id: 7000, normalized: true, special: false };
  const tokenizer = changed('bert-classifier', ({ added_tokens: known }) => ({
    added_tokens: [...(known as object[]), { ...added, single_word: false, lstrip: false, rstrip: false }],
  }));
  for (const text of ['COVID-19', 'covid-19', 'Covid-19']) {
    expect(tokenizer.encode({ text }, WHOLE).ids.slice(1, -1)).toEqual([7000]);
  }
});
