/** A table of Markdown; cells are text, not Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Paragraphs, lists and tables with an empty line between; empty ones are left out. */
export const joined = (parts: readonly string[]): string =>
  `${parts.filter((part) => part !== '').join('\n\n')}\n`;

export const code = (text: string): string => `\`${text}\``;

/** A fraction as per cent. */
export const percent = (share: number | undefined, digits = 1): string =>
  share === undefined ? '-' : `${(100 * share).toFixed(digits)} %`;

export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);

export const fixed = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? '-';
