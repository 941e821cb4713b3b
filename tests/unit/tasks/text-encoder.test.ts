import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TextEncoder } from '../../../src/tasks/text/text-encoder.ts';
import { textLimits } from '../../../src/tasks/text/text-limits.ts';
import { exportFolder } from '../../support/tasks/reference.ts';

const read = (name: string, file: string) => readFileSync(`${exportFolder(name)}/${file}`, 'utf8');

/** The encoder of an export; spaces behind its tokenizer.json make it as large as those of large vocabularies. */
function open(name: string, spaces = 0) {
  const config = JSON.parse(read(name, 'tokenizer_config.json'));
  const tokenizer = read(name, 'tokenizer.json') + ' '.repeat(spaces);
  const limits = textLimits(config, JSON.parse(read(name, 'config.json')), undefined);
  return TextEncoder.open({ tokenizer, config }, limits);
}

const LARGE = 1_000_000;

describe('a text encoder', () => {
  it.each(['bert-ner', 'roberta-ner', 'unigram-ner', 'clip'])(
    'gives the same for a tokenizer that is in the thread only: %s',
    async (name) => {
      const [here, there] = await Promise.all([open(name), open(name, LARGE)]);
      const inputs = ['The card of John Smith.', '', '東京 😀'].map((text) => ({ text }));
      const request = { truncation: true, places: true };
      const encoded = await here.encode(inputs, request, undefined);
      expect(await there.encode(inputs, request, undefined)).toEqual(encoded);
      const tokens = encoded[0]?.placed?.tokens.map(({ token }) => token) ?? [];
      expect(there.joiner.join(tokens)).toBe(here.joiner.join(tokens));
      expect(there.joiner.marksContinuation).toBe(here.joiner.marksContinuation);
      expect([there.padId, there.maxLength, there.hasTypes]).toEqual([
        here.padId,
        here.maxLength,
        here.hasTypes,
      ]);
    },
  );

  it('is not opened over a file that is no tokenizer, small or large', async () => {
    const limits = textLimits({}, {}, undefined);
    for (const tokenizer of ['{}', '[]', '{"model":', `{}${' '.repeat(LARGE)}`]) {
      await expect(TextEncoder.open({ tokenizer, config: {} }, limits)).rejects.toThrow();
    }
  });
});

describe('the limit of a text', () => {
  it.each([
    [
      'the smaller of both files',
      { model_max_length: 128 },
      { max_position_embeddings: 512 },
      undefined,
      128,
    ],
    ['what a third file says', { model_max_length: 512 }, {}, 256, 256],
    [
      'without what no model reads',
      { model_max_length: 1e30 },
      { max_position_embeddings: 512 },
      undefined,
      512,
    ],
    [
      'without the positions before the first',
      {},
      { model_type: 'roberta', max_position_embeddings: 514, pad_token_id: 1 },
      undefined,
      512,
    ],
    ['that of the text tower', {}, { text_config: { max_position_embeddings: 77 } }, undefined, 77],
    ['none where nothing says one', {}, {}, undefined, undefined],
  ])('is %s', (_, tokenizer, model, other, expected) => {
    expect(textLimits(tokenizer, model, other).maxLength).toBe(expected);
  });
});
