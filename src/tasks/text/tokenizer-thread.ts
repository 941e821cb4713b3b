import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import type { ThreadAnswer } from '../task-thread.ts';
import {
  type Encoded,
  type EncodeOptions,
  type TextInput,
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
      readonly inputs: readonly TextInput[];
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
  return job.inputs.map((input) => tokenizer.encode(input, job.options));
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
