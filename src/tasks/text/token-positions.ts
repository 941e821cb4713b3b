import { type JsonObject, objectField, textField } from '../export-folder.ts';
import { byteSymbols } from './byte-symbols.ts';
import type { LibraryTokenizer, PieceModel } from './library.ts';
import { type NormalizedText, normalizeWithPositions } from './normalized-text.ts';

/** A token and the characters it stands for: [start, end) in code points, as Python counts. */
export interface PlacedToken {
  readonly token: string;
  readonly start: number;
  readonly end: number;
  /** The vocabulary does not have it. */
  readonly unknown: boolean;
}

/** A token before it is known whether the vocabulary has it. */
type Place = Omit<PlacedToken, 'unknown'>;

/**
 * What a character of the text looks like after pre-tokenization: itself, or the bytes of a byte-level tokenizer.
 * A space that a pre-tokenizer puts in front stands at the start and takes no room.
 */
interface Unit {
  readonly symbol: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Tokens with their places, by the stages of an export's tokenizer. The library gives tokens without places; each
 * stage's output is matched with its input, which is exact for word pieces, byte-level BPE and unigrams.
 */
export class TokenPlacer {
  readonly #tokenizer: LibraryTokenizer;
  readonly #added: RegExp | undefined;
  readonly #byteLevel: boolean;
  readonly #space: string;
  /** The post-processor that takes spaces out of places, where there is one. */
  readonly #trim: JsonObject | undefined;

  constructor(tokenizer: LibraryTokenizer, file: JsonObject) {
    this.#tokenizer = tokenizer;
    this.#added = addedTokens(file);
    const preTokenizers = stages(file, 'pre_tokenizer', 'pretokenizers');
    this.#byteLevel = preTokenizers.some(({ type }) => type === 'ByteLevel');
    const metaspace = preTokenizers.find(({ type }) => type === 'Metaspace');
    this.#space = metaspace === undefined ? ' ' : (textField(metaspace, 'replacement') ?? '\u2581');
    this.#trim = stages(file, 'post_processor', 'processors').find(
      ({ type, trim_offsets: trim }) =>
        (type === 'RobertaProcessing' && trim !== false) || (type === 'ByteLevel' && trim === true),
    );
  }

  place(text: string): PlacedToken[] {
    const placed: Place[] = [];
    for (const { section, start, added, index } of this.#sections(text)) {
      const end = start + [...section].length;
      if (added) placed.push({ token: section, start, end });
      else placed.push(...this.#placeSection(section, start, index));
    }
    const trimmed =
      this.#trim === undefined ? placed : placed.map((token, index) => this.#trimmed(token, index));
    return trimmed.map((token) => ({ ...token, unknown: this.#isUnknown(token.token) }));
  }

  #isUnknown(token: string): boolean {
    const unknown = this.#tokenizer.model?.unk_token_id;
    return unknown !== undefined && (this.#tokenizer.token_to_id(token) ?? unknown) === unknown;
  }

  /** Cuts a text at the tokens that are never normalized. */
  *#sections(text: string) {
    let start = 0;
    let index = 0;
    for (const [position, section] of (this.#added === undefined
      ? [text]
      : text.split(this.#added)
    ).entries()) {
      const added = position % 2 === 1;
      if (section !== '') yield { section, start, added, index: index++ };
      start += [...section].length;
    }
  }

  #placeSection(section: string, offset: number, index: number): Place[] {
    const { normalizer, pre_tokenizer: preTokenizer, model } = this.#tokenizer;
    const normalized = normalizeWithPositions(section, normalizer);
    if (normalized.text === '' || model === null) return [];
    const words =
      preTokenizer === null ? [normalized.text] : preTokenizer(normalized.text, { section_index: index });
    const units = this.#units(normalized, offset);
    const placed: Place[] = [];
    let next = 0;
    for (const word of words) {
      const found = findWord([...word], units, next, offset);
      next = found.next;
      placed.push(...placeTokens(word, found.units, model));
    }
    return placed;
  }

  /**
   * Takes the spaces of a byte-level token out of its place; a single one in front of the text may have been put there.
   */
  #trimmed({ token, start, end }: Place, index: number): Place {
    const spaces = /^[\u0120\s]*/u.exec(token)?.[0].length ?? 0;
    const leading = index === 0 && spaces === 1 && this.#trim?.['add_prefix_space'] !== false ? 0 : spaces;
    const trailing = /[\u0120\s]*$/u.exec(token)?.[0].length ?? 0;
    const from = Math.min(start + leading, end);
    return { token, start: from, end: Math.max(end - trailing, from) };
  }

  #units({ characters, starts, ends }: NormalizedText, offset: number): Unit[] {
    return characters.flatMap((character, index) => {
      const start = offset + (starts[index] ?? 0);
      const end = offset + (ends[index] ?? 0);
      const symbols = this.#byteLevel
        ? byteSymbols(character)
        : [character === ' ' ? this.#space : character];
      return symbols.map((symbol) => ({ symbol, start, end }));
    });
  }
}

/**
 * The units of a word from `next` on. Spaces between words are passed over. A symbol that is not there was put in front
 * by the pre-tokenizer, and has the place of the character it stands before.
 */
function findWord(word: readonly string[], units: readonly Unit[], next: number, offset: number) {
  const found: Unit[] = [];
  let position = next;
  for (const symbol of word) {
    let at = position;
    while (found.length === 0 && units[at]?.symbol !== symbol && isSpace(units[at]?.symbol)) at++;
    const unit = units[at];
    if (unit?.symbol === symbol) {
      found.push(unit);
      position = at + 1;
    } else {
      const beside = units[position] ?? units.at(-1);
      found.push({ symbol, start: beside?.start ?? offset, end: beside?.end ?? offset });
    }
  }
  return { units: found, next: position };
}

/** White space, as it is or as a byte-level or unigram tokenizer shows it. */
const isSpace = (symbol: string | undefined): boolean =>
  symbol !== undefined && /^[\s\u0109\u010a\u010d\u0120\u2581]$/u.test(symbol);

function placeTokens(word: string, units: readonly Unit[], model: PieceModel): Place[] {
  const tokens = model([word]);
  const prefix = textField(model.config, 'continuing_subword_prefix') ?? '';
  const suffix = textField(model.config, 'end_of_word_suffix') ?? '';
  let next = 0;
  return tokens.map((token, index) => {
    const bare = withoutMarks(token, index > 0 ? prefix : '', suffix);
    const unknown = token === model.unk_token;
    const size = unknown ? unknownSize(tokens.length, units.length) : [...bare].length;
    const last = index === tokens.length - 1;
    const own = units.slice(next, last ? units.length : next + size);
    next += size;
    return {
      token,
      start: own[0]?.start ?? units.at(-1)?.end ?? 0,
      end: own.at(-1)?.end ?? units.at(-1)?.end ?? 0,
    };
  });
}

/** A word that is unknown as a whole is one token; otherwise each unknown token is one character. */
const unknownSize = (tokens: number, units: number): number => (tokens === 1 ? units : 1);

function withoutMarks(token: string, prefix: string, suffix: string): string {
  const bare = prefix !== '' && token.startsWith(prefix) ? token.slice(prefix.length) : token;
  return suffix !== '' && bare.endsWith(suffix) ? bare.slice(0, -suffix.length) : bare;
}

/** A regular expression that captures added tokens, longest first. */
function addedTokens(file: JsonObject): RegExp | undefined {
  const list = Array.isArray(file['added_tokens']) ? (file['added_tokens'] as readonly JsonObject[]) : [];
  const contents = list.map((token) => textField(token, 'content') ?? '').filter((content) => content !== '');
  if (contents.length === 0) return undefined;
  const sorted = contents.sort((a, b) => b.length - a.length);
  return new RegExp(
    `(${sorted.map((content) => content.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&')).join('|')})`,
    'u',
  );
}

/** A stage of tokenizer.json, or the stages of a sequence. */
function stages(file: JsonObject, name: string, list: string): readonly JsonObject[] {
  const stage = objectField(file, name);
  const inner = stage?.[list];
  if (Array.isArray(inner)) return inner as readonly JsonObject[];
  return stage === undefined ? [] : [stage];
}
