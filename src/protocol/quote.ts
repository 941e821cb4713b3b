/** Longest piece of a client's text that a message repeats; the rest says nothing more and could be megabytes. */
const MAX_QUOTED = 80;

const CONTROL = /\p{Cc}/gu;

/** A client's text for an error message or a log line: cut, and without control characters. */
export function quote(text: string): string {
  const cut = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED).toWellFormed()}...` : text;
  return `'${cut.replace(CONTROL, '?')}'`;
}
