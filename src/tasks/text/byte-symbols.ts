/** The printable stand-ins that byte-level tokenizers have for the bytes of a text, in the order GPT-2 gave them. */
const BYTE_SYMBOLS: readonly string[] = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let substitutes = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : 256 + substitutes++),
  );
})();

/** The symbols of a text's bytes. */
export const byteSymbols = (character: string): string[] =>
  Array.from(Buffer.from(character), (byte) => BYTE_SYMBOLS[byte] ?? '');

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_SYMBOLS.map((symbol, byte) => [symbol, byte]));

/** The text of byte-level tokens; one that has other characters than byte symbols is text already. */
export function joinByteTokens(tokens: readonly string[]): string {
  const bytes = tokens.map((token) => {
    const own = Array.from(token, (symbol) => BYTES.get(symbol));
    return own.every((byte) => byte !== undefined) ? Buffer.from(own) : Buffer.from(token);
  });
  return Buffer.concat(bytes).toString('utf8');
}
