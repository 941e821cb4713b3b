import { type LibraryTokenizer, openLibraryTokenizer } from '../../../src/tasks/text/library.ts';

/** The library's tokenizer over words, with these stages of a tokenizer.json and no others. */
export const wordTokenizer = (stages: {
  readonly normalizer?: object;
  readonly pre_tokenizer?: object;
}): LibraryTokenizer =>
  openLibraryTokenizer(
    {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      model: {
        type: 'WordPiece',
        vocab: { '[UNK]': 0 },
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
      },
      ...stages,
    },
    {},
  );
