import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { TextTokenizer } from '../../../src/tasks/text/text-tokenizer.ts';
import { TokenizerHost } from '../../../src/tasks/text/tokenizer-host.ts';
import { exportFolder } from '../../support/tasks/reference.ts';

const read = (name: string) => readFileSync(`${exportFolder('bert-classifier')}/${name}`, 'utf8');

const source = { tokenizer: read('tokenizer.json'), config: JSON.parse(read('tokenizer_config.json')) };
const tokenizer = new TextTokenizer(source);
const host = new TokenizerHost();

const CUT = { maxLength: 128, truncate: true };
const WHOLE = { maxLength: 128, truncate: false };

const long = (length: number) => 'reset the card '.repeat(length / 15);

it('gives a list the tokens of each of its texts, in portions or not', async () => {
  const inputs = [30, 90_000, 30, 90_000, 0].map((length, index) => ({ text: `${index} ${long(length)}` }));
  const pairs = ['card', '', 'the card'].map((pair) => ({ text: long(90_000), pair }));
  const all = [...inputs, ...pairs, { text: 'last' }];
  expect(await host.encode(1, source, all, CUT)).toEqual(all.map((input) => tokenizer.encode(input, CUT)));
});

it('lets a request have its turn while a long list is tokenized', async () => {
  const ended: string[] = [];
  const list = Array.from({ length: 20 }, (_, index) => ({ text: `${index} ${long(60_000)}` }));
  const many = host.encode(1, source, list, CUT).then(() => ended.push('many'));
  const one = host.encode(1, source, [{ text: long(1500) }], CUT).then(() => ended.push('one'));
  await Promise.all([many, one]);
  expect(ended).toEqual(['one', 'many']);
});

it('reads a text once that stands in front of many', () => {
  const text = long(3000);
  const inputs = Array.from({ length: 50 }, (_, index) => ({ text, pair: `label ${index}` }));
  // The normalizer takes accents off each text that is read.
  using normalize = vi.spyOn(String.prototype, 'normalize');
  tokenizer.encodeAll(inputs, CUT);
  const read = normalize.mock.contexts.map((each) => String(each).length);
  expect(read.filter((length) => length < 100)).toHaveLength(50);
  expect(read.filter((length) => length >= 100)).toHaveLength(1);
});

it('goes no further than the first that does not fit', async () => {
  const inputs = ['card', long(6000), 'card', long(90_000), 'card'].map((text) => ({ text }));
  const encoded = await host.encode(1, source, inputs, WHOLE);
  expect(encoded.map(({ ids }) => ids.length)).toEqual([3, 0]);
});
