import type { Worker } from 'node:worker_threads';
import { TaskThread } from '../task-thread.ts';
import type { Encoded, EncodeOptions, TextInput, TokenizerFacts, TokenizerSource } from './text-tokenizer.ts';
import type { ThreadRequest } from './tokenizer-thread.ts';

/**
 * Characters beside a first text that are tokenized for one request before others have their turn: 6 ms with word
 * pieces, 110 ms at worst. A single text is never divided.
 */
const PORTION = 65_536;

type Result = readonly Encoded[] | TokenizerFacts;

/** One thread that tokenizes for all models. */
export class TokenizerHost {
  readonly #thread = new TaskThread<Result>(new URL('./tokenizer-thread.ts', import.meta.url));
  /** Keys that the thread has open. */
  #open = new Set<number>();
  #openIn: Worker | undefined;

  /** Opens a tokenizer. Rejects where its files do not make one. */
  async open(key: number, source: TokenizerSource): Promise<TokenizerFacts> {
    this.#notice(key);
    return (await this.#thread.run({ kind: 'open', key, source })) as TokenizerFacts;
  }

  /** As `TextTokenizer.encodeAll`. */
  async encode(
    key: number,
    source: TokenizerSource,
    inputs: readonly TextInput[],
    options: EncodeOptions,
  ): Promise<readonly Encoded[]> {
    const encoded: Encoded[] = [];
    for (const portion of portions(inputs)) {
      const some = await this.#encodeSome(key, source, portion, options);
      encoded.push(...some);
      if (some.length < portion.length) break;
    }
    return encoded;
  }

  async #encodeSome(
    key: number,
    source: TokenizerSource,
    portion: readonly TextInput[],
    options: EncodeOptions,
  ): Promise<readonly Encoded[]> {
    // The thread works in order: what it answers to `open` is of no interest here, the next answer tells as much.
    if (this.#notice(key)) this.#thread.run({ kind: 'open', key, source }).catch(() => {});
    const job = { kind: 'encode', key, ...eachTextOnce(portion), options };
    return (await this.#thread.run(job)) as readonly Encoded[];
  }

  /** Forgets a tokenizer. */
  close(key: number): void {
    if (this.#open.delete(key)) this.#openIn?.postMessage({ kind: 'close', key } satisfies ThreadRequest);
  }

  /** Whether the thread does not have the tokenizer yet; from now on it does. */
  #notice(key: number): boolean {
    const { worker } = this.#thread;
    if (worker !== this.#openIn) {
      this.#openIn = worker;
      this.#open = new Set();
    }
    if (this.#open.has(key)) return false;
    this.#open.add(key);
    return true;
  }
}

/** In their order. A text that follows itself is read once. */
function portions(inputs: readonly TextInput[]): TextInput[][] {
  const found: TextInput[][] = [];
  let open: TextInput[] | undefined;
  let last: string | undefined;
  let characters = 0;
  for (const input of inputs) {
    const { text, pair = '' } = input;
    characters += (text === last ? 0 : text.length) + pair.length;
    last = text;
    if (open === undefined || characters > PORTION) {
      open = [];
      found.push(open);
      characters = 0;
    }
    open.push(input);
  }
  return found;
}

function eachTextOnce(inputs: readonly TextInput[]) {
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const place = places.get(text) ?? places.size;
    places.set(text, place);
    return place;
  };
  const placed = inputs.map(({ text, pair }) =>
    pair === undefined ? { text: placeOf(text) } : { text: placeOf(text), pair: placeOf(pair) },
  );
  return { texts: [...places.keys()], inputs: placed };
}
