/** Graphemes of so many bytes are looked up as they are; of longer ones each code point is. */
const SHORTER_THAN = 6;

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** What may join a code point beside it to a grapheme; two others never are one. */
const JOINS =
  '\\p{M}\\p{Cf}\\p{Emoji_Modifier}\\p{Regional_Indicator}\\r\\u0d4e\\u0e33\\u0eb3\\u1100-\\u11ff\\ua960-\\ua97f\\ud7b0-\\ud7ff\\uff9e\\uff9f\\u{11000}-\\u{11fff}';

/** Stretches in which to look for graphemes: that takes ten times as long as code points do. */
const JOINED = new RegExp(`[^${JOINS}]?[${JOINS}]+(?:[^${JOINS}][${JOINS}]+)*[^${JOINS}]?`, 'gu');

/**
 * The normalization that a sentencepiece model brings along, as the Python tokenizers apply it: the shortest entry that
 * a grapheme begins with stands for all of it. The library has NFKC in its place, which is not what every model has,
 * and takes joiners out of emoji and of the scripts that need them.
 * @param charsmap base64 of a trie (Darts, double array) and of the texts it points to
 */
export function precompiled(charsmap: string): (text: string) => string {
  const bytes = Buffer.from(charsmap, 'base64');
  const size = bytes.readUInt32LE(0);
  const units = Uint32Array.from({ length: size / 4 }, (_, index) => bytes.readUInt32LE(4 + 4 * index));
  const texts = bytes.subarray(4 + size);
  const entries = new Map<string, string | undefined>();

  /** Undefined where no entry is a beginning of it. */
  const entryOf = (part: string): string | undefined => {
    if (entries.has(part)) return entries.get(part);
    const at = firstEntry(units, Buffer.from(part));
    const entry = at === undefined ? undefined : texts.toString('utf8', at, texts.indexOf(0, at));
    if (entries.size < MOST_KNOWN) entries.set(part, entry);
    return entry;
  };

  const ofCharacters = (text: string): string => {
    let normalized = '';
    for (const character of text) normalized += entryOf(character) ?? character;
    return normalized;
  };

  const ofGraphemes = (text: string): string => {
    let normalized = '';
    for (const { segment } of graphemes.segment(text)) {
      const whole = Buffer.byteLength(segment) < SHORTER_THAN ? entryOf(segment) : undefined;
      normalized += whole ?? ofCharacters(segment);
    }
    return normalized;
  };

  return (text) => {
    let normalized = '';
    let end = 0;
    for (const { 0: joined, index } of text.matchAll(JOINED)) {
      normalized += ofCharacters(text.slice(end, index)) + ofGraphemes(joined);
      end = index + joined.length;
    }
    return normalized + ofCharacters(text.slice(end));
  };
}

/** Entries that are kept after they were looked up. */
const MOST_KNOWN = 4096;

/** Place of the shortest entry that the bytes begin with. */
function firstEntry(units: Uint32Array, bytes: Uint8Array): number | undefined {
  let place = offsetOf(units[0] ?? 0);
  for (const byte of bytes) {
    if (byte === 0) return undefined;
    place ^= byte;
    const unit = units[place] ?? 0;
    if ((unit & LABEL) !== byte) return undefined;
    place ^= offsetOf(unit);
    if ((unit & HAS_LEAF) !== 0) return (units[place] ?? 0) & VALUE;
  }
  return undefined;
}

/** Bits of a unit: a leaf has its value, every other node the byte that leads to it and the way to what follows it. */
const VALUE = 0x7fff_ffff;
const LABEL = 0x8000_00ff;
const HAS_LEAF = 0x100;
const WIDE = 0x200;

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & WIDE) >>> 6);
