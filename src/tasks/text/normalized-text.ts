/** Where in the source the characters of a normalized text come from; all positions count code points. */
export interface NormalizedText {
  readonly text: string;
  readonly characters: readonly string[];
  /** Source range of each character. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** How far the two readings of a text are compared ahead to find where they agree again. */
const LOOKAHEAD = 16;

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * Normalizes a text and finds out where each character came from. The library's normalizers give text only; so the text
 * is normalized once more in small parts, whose places are known, and the two results are matched. Parts are single
 * characters, or graphemes where a character's marks are composed with it. What the parts cannot show (spaces that are
 * joined or cut off, a prefix) is found by looking a few characters ahead.
 */
export function normalizeWithPositions(
  source: string,
  normalize: ((text: string) => string) | null,
): NormalizedText {
  const text = normalize === null ? source : normalize(source);
  const characters = [...text];
  const parts = normalize === null ? pieces((part) => part, [...source]) : bestParts(source, normalize, text);
  return { text, characters, ...match(characters, parts) };
}

interface Part {
  readonly character: string;
  readonly start: number;
  readonly end: number;
}

function bestParts(source: string, normalize: (text: string) => string, whole: string): readonly Part[] {
  const single = pieces(normalize, [...source]);
  if (sameText(single, whole)) return single;
  const clusters = pieces(
    normalize,
    Array.from(graphemes.segment(source), ({ segment }) => segment),
  );
  return sameText(clusters, whole) ? clusters : single;
}

const sameText = (parts: readonly Part[], text: string): boolean =>
  parts.map(({ character }) => character).join('') === text;

/** The characters of each normalized segment; each of them stands for the whole segment. */
function pieces(normalize: (text: string) => string, segments: readonly string[]): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (const segment of segments) {
    const end = start + [...segment].length;
    const normalized = normalize(segment);
    // A normalizer that trims would leave nothing of a space that it keeps inside a text.
    const kept = normalized === '' && /^\s+$/u.test(segment) ? segment : normalized;
    for (const character of kept) parts.push({ character, start, end });
    start = end;
  }
  return parts;
}

/** Walks both readings; a character that no part has near is taken to stand at the end of the one before it. */
function match(characters: readonly string[], parts: readonly Part[]) {
  const starts: number[] = [];
  const ends: number[] = [];
  let next = 0;
  let last = 0;
  for (const [index, character] of characters.entries()) {
    const first = find(character, parts, next);
    const found = first === undefined ? undefined : first + joined(characters, index, parts, first);
    const part = found === undefined ? undefined : parts[found];
    starts.push(part?.start ?? last);
    ends.push(part?.end ?? last);
    last = part?.end ?? last;
    if (found !== undefined) next = found + 1;
  }
  return { starts, ends };
}

/** Of a run that became shorter (spaces that were made one) the last characters are the ones that stayed. */
function joined(characters: readonly string[], index: number, parts: readonly Part[], first: number): number {
  const character = characters[index];
  let after = 0;
  while (characters[index + after] === character) after++;
  let before = 0;
  while (parts[first + before]?.character === character) before++;
  return Math.max(0, before - after);
}

function find(character: string, parts: readonly Part[], from: number): number | undefined {
  const until = Math.min(parts.length, from + LOOKAHEAD);
  for (let index = from; index < until; index++) {
    if (parts[index]?.character === character) return index;
  }
  return undefined;
}
