export type Strategy = 'none' | 'simple' | 'first' | 'average' | 'max';

/** A token with its scores. `subword`: it continues the word of the token before it. */
export interface Piece {
  readonly word: string;
  readonly scores: Float64Array;
  readonly start: number;
  readonly end: number;
  readonly index: number;
  readonly subword: boolean;
}

/** A token or word with the label it was given. */
export interface Tagged {
  readonly entity: string;
  readonly score: number;
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

export interface EntityGroup {
  readonly entity_group: string;
  readonly score: number;
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

type Labels = (index: number) => string;
type Join = (words: readonly string[]) => string;

/** The best label. */
export function tagged(scores: Float64Array, labels: Labels): { entity: string; score: number } {
  const best = argmax(scores);
  return { entity: labels(best), score: scores[best] ?? 0 };
}

/**
 * Tokens with a label each ("simple"), or words whose tokens agree on one: that of the first token, of the surest, or
 * of their average. The strategies are those of the transformers pipeline.
 */
export function joinWords(
  pieces: readonly Piece[],
  strategy: Exclude<Strategy, 'none'>,
  labels: Labels,
  join: Join,
): Tagged[] {
  if (strategy === 'simple') {
    return pieces.map(({ word, start, end, scores }) => ({ ...tagged(scores, labels), word, start, end }));
  }
  const words: [Piece, ...Piece[]][] = [];
  for (const piece of pieces) {
    const last = words.at(-1);
    if (last !== undefined && piece.subword) last.push(piece);
    else words.push([piece]);
  }
  return words.map((word) => ({
    ...tagged(wordScores(word, strategy), labels),
    word: join(word.map((piece) => piece.word)),
    start: word[0].start,
    end: word.at(-1)?.end ?? word[0].end,
  }));
}

function wordScores(word: readonly [Piece, ...Piece[]], strategy: 'first' | 'average' | 'max'): Float64Array {
  const [first] = word;
  if (strategy === 'first') return first.scores;
  if (strategy === 'average') {
    return first.scores.map((_, label) => {
      let sum = 0;
      for (const { scores } of word) sum += scores[label] ?? 0;
      return sum / word.length;
    });
  }
  const best = ({ scores }: Piece) => scores[argmax(scores)] ?? 0;
  return word.reduce((most, piece) => (best(piece) > best(most) ? piece : most)).scores;
}

/** Joins neighbours of one label; `B-` begins a new entity. The score is the mean. */
export function groupEntities(entities: readonly Tagged[], join: Join): EntityGroup[] {
  const groups: [Tagged, ...Tagged[]][] = [];
  for (const entity of entities) {
    const last = groups.at(-1);
    const { begins, tag } = tagOf(entity.entity);
    if (last !== undefined && !begins && tag === tagOf(last.at(-1)?.entity ?? '').tag) last.push(entity);
    else groups.push([entity]);
  }
  return groups.map((group) => ({
    entity_group: group[0].entity.slice(group[0].entity.indexOf('-') + 1),
    score: group.reduce((sum, { score }) => sum + score, 0) / group.length,
    word: join(group.map(({ word }) => word)),
    start: group[0].start,
    end: group.at(-1)?.end ?? group[0].end,
  }));
}

function tagOf(label: string): { begins: boolean; tag: string } {
  if (label.startsWith('B-')) return { begins: true, tag: label.slice(2) };
  return { begins: false, tag: label.startsWith('I-') ? label.slice(2) : label };
}

function argmax(scores: Float64Array): number {
  let best = 0;
  for (const [index, score] of scores.entries()) if (score > (scores[best] ?? 0)) best = index;
  return best;
}
