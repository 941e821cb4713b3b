import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import type { Lengths } from './lengths.ts';

/** The texts that come with the bench: questions as people put them to an assistant. */
export async function readBenchTexts(): Promise<string[]> {
  const text = await readFile(new URL('./texts.txt', import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '');
}

/** The lengths in tokens that the tokenizer of an export folder gives the texts, none above `most`. */
export async function tokenLengths(
  texts: readonly string[],
  folder: string,
  most = Number.POSITIVE_INFINITY,
): Promise<Lengths> {
  const read = async (file: string) => JSON.parse(await readFile(join(folder, file), 'utf8')) as object;
  const tokenizer = new Tokenizer(await read('tokenizer.json'), await read('tokenizer_config.json'));
  return {
    kind: 'listed',
    lengths: texts.map((text) => Math.min(most, tokenizer.encode(text).ids.length)),
  };
}
