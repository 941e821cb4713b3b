import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import type { ThreadAnswer } from '../task-thread.ts';
import {
  type Encoded,
  type EncodeOptions,
  type TextInput,
  TextTokenizer,
  type TokenizerFiles,
} from './text-tokenizer.ts';

/** What the thread is told. `open` comes before the first `encode` of a key, `close` after its last. */
export type ThreadRequest =
  | { readonly kind: 'open'; readonly key: number; readonly files: TokenizerFiles }
  | { readonly kind: 'close'; readonly key: number }
  | {
      readonly kind: 'encode';
      readonly key: number;
      readonly id: number;
      readonly inputs: readonly TextInput[];
      readonly options: EncodeOptions;
    };

const tokenizers = new Map<number, TextTokenizer>();

function answer(request: ThreadRequest): ThreadAnswer<readonly Encoded[]> | undefined {
  if (request.kind === 'open') {
    tokenizers.set(request.key, new TextTokenizer(request.files));
    return undefined;
  }
  if (request.kind === 'close') {
    tokenizers.delete(request.key);
    return undefined;
  }
  const { id, key, inputs, options } = request;
  try {
    const tokenizer = tokenizers.get(key);
    if (tokenizer === undefined) return { id, fault: 'tokenizer is not open' };
    return { id, result: inputs.map((input) => tokenizer.encode(input, options)) };
  } catch (error) {
    return { id, fault: messageOf(error) };
  }
}

parentPort?.on('message', (request: ThreadRequest) => {
  const reply = answer(request);
  if (reply !== undefined) parentPort?.postMessage(reply);
});
