/** Bytes of a failed answer's body that are kept: enough for a sentence about what went wrong. */
export const MESSAGE_BYTES = 300;

/** What a server said, fit for a terminal: no line breaks, nothing that moves the cursor or turns the text around. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
