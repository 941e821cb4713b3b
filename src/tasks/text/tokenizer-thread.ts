import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import type { ThreadAnswer } from '../task-thread.ts';
import {
  type Encoded,
  type EncodeOptions,
  TextTokenizer,
  type TokenizerFacts,
  type TokenizerSource,
} from './text-tokenizer.ts';

/** What the thread is told. `open` comes before the first `encode` of a key, `close` after its last. */
export type ThreadRequest =
  | { readonly kind: 'open'; readonly id: number; readonly key: number; readonly source: TokenizerSource }
  | { readonly kind: 'close'; readonly key: number }
  | {
      readonly kind: 'encode';
      readonly id: number;
      readonly key: number;
      /** Each once: strings are copied on their way, as often as they are sent. */
      readonly texts: readonly string[];
      /** By their places in `texts`. */
      readonly inputs: readonly { readonly text: number; readonly pair?: number }[];
      readonly options: EncodeOptions;
    };

type Job = Exclude<ThreadRequest, { readonly kind: 'close' }>;

const tokenizers = new Map<number, TextTokenizer>();

function work(job: Job): readonly Encoded[] | TokenizerFacts {
  if (job.kind === 'open') {
    const opened = new TextTokenizer(job.source);
    tokenizers.set(job.key, opened);
    return opened.facts;
  }
  const tokenizer = tokenizers.get(job.key);
  if (tokenizer === undefined) throw new Error('the tokenizer is not open');
  const { texts, options } = job;
  const at = (place: number) => texts[place] ?? '';
  const inputs = job.inputs.map(({ text, pair }) =>
    pair === undefined ? { text: at(text) } : { text: at(text), pair: at(pair) },
  );
  return tokenizer.encodeAll(inputs, options);
}

function answer(job: Job): ThreadAnswer<readonly Encoded[] | TokenizerFacts> {
  try {
    return { id: job.id, result: work(job) };
  } catch (error) {
    return { id: job.id, fault: messageOf(error) };
  }
}

parentPort?.on('message', (request: ThreadRequest) => {
  if (request.kind === 'close') tokenizers.delete(request.key);
  else parentPort?.postMessage(answer(request));
});
