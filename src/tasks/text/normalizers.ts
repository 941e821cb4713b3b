import { type JsonObject, textField } from '../export-folder.ts';
import { precompiled } from './precompiled.ts';

/** A normalizer of the library; a sequence has others inside. */
export interface Normalizer {
  (text: string): string;
  readonly config?: JsonObject;
  readonly normalizers?: readonly (Normalizer | null)[];
  normalize(text: string): string;
}

/**
 * Has the library's normalizers give what the Python tokenizers give: those look at one code point at a time, so that
 * ideographs beyond U+FFFF are words of their own, and a sigma at the end of a word is one like any other.
 */
export function correctNormalizer(normalizer: Normalizer | null): void {
  for (const inner of normalizer?.normalizers ?? []) correctNormalizer(inner);
  const config = normalizer?.config;
  if (normalizer === null || config === undefined) return;
  const charsmap = textField(config, 'precompiled_charsmap');
  if (config['type'] === 'Lowercase') normalizer.normalize = lowercase;
  if (config['type'] === 'BertNormalizer') normalizer.normalize = bert(config);
  if (config['type'] === 'Precompiled' && charsmap !== undefined)
    normalizer.normalize = precompiled(charsmap);
}

/** `toLowerCase` makes the last sigma of a word another letter. */
const lowercase = (text: string): string =>
  text
    .split('Σ')
    .map((part) => part.toLowerCase())
    .join('σ');

/** Control characters and others that stand for nothing, but those that are white space to BERT. */
const OTHERS = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\ufffd]/gu;

const IDEOGRAPH =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

function bert(config: JsonObject): (text: string) => string {
  const lowers = config['lowercase'] === true;
  const strips = config['strip_accents'] ?? lowers;
  return (text) => {
    let normalized = text;
    if (config['clean_text'] === true) {
      normalized = normalized.replace(OTHERS, '').replace(/\p{White_Space}/gu, ' ');
    }
    if (config['handle_chinese_chars'] === true) normalized = normalized.replace(IDEOGRAPH, ' $& ');
    if (strips === true) normalized = normalized.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lowers ? lowercase(normalized) : normalized;
  };
}
