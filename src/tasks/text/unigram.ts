import { cuttingBy, type PieceModel } from './library.ts';

interface TrieNode {
  readonly is_leaf: boolean;
  readonly children: ReadonlyMap<string, TrieNode>;
}

/** What the library's unigrams have beside what every model has. */
export interface Unigrams extends PieceModel {
  readonly trie: { readonly root: TrieNode };
  readonly scores: readonly number[];
  readonly unk_score: number;
}

/**
 * Unigrams that answer as the library's do. Those make objects of every piece that a text could have and copy them on
 * the way: a text of 1 MB took 18 s and 2 GB, and then failed because more tokens were passed on than a call can have.
 * Here each place of a text knows the best way to it, in arrays of numbers.
 */
export function lightUnigrams(model: Unigrams): PieceModel {
  const { tokens_to_ids, trie, scores, unk_score: unknownScore } = model;

  /** Where the last piece of the best way to each place begins. Of equal ways the first that is found stays. */
  const bestWays = (characters: readonly string[]): Int32Array => {
    const begins = new Int32Array(characters.length + 1).fill(-1);
    const best = new Float64Array(characters.length + 1);
    const offer = (from: number, to: number, score: number) => {
      const sum = (best[from] as number) + score;
      if (begins[to] !== -1 && !(sum > (best[to] as number))) return;
      begins[to] = from;
      best[to] = sum;
    };
    for (let from = 0; from < characters.length; from++) {
      let piece = '';
      let known = false;
      let node = trie.root.children.get(characters[from] as string);
      for (let to = from + 1; node !== undefined; to++) {
        piece += characters[to - 1];
        if (node.is_leaf) {
          offer(from, to, scores[tokens_to_ids.get(piece) ?? 0] ?? unknownScore);
          known ||= to === from + 1;
        }
        node = to < characters.length ? node.children.get(characters[to] as string) : undefined;
      }
      if (!known) offer(from, from + 1, unknownScore);
    }
    return begins;
  };

  /** Neighbours that are unknown are one token. */
  const pieces = (word: string): string[] => {
    const characters = [...word];
    const begins = bestWays(characters);
    const found: string[] = [];
    let unknownEnd = 0;
    for (let end = characters.length; end > 0; ) {
      const begin = begins[end] as number;
      const piece = characters.slice(begin, end).join('');
      const known = tokens_to_ids.has(piece);
      if (!known) unknownEnd = Math.max(unknownEnd, end);
      if (unknownEnd > 0 && (known || begin === 0)) {
        found.push(characters.slice(known ? end : begin, unknownEnd).join(''));
        unknownEnd = 0;
      }
      if (known) found.push(piece);
      end = begin;
    }
    return found.reverse();
  };

  return cuttingBy(pieces, model);
}

export const isUnigrams = (model: PieceModel): model is Unigrams =>
  'trie' in model && 'scores' in model && 'unk_score' in model;
