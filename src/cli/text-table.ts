export interface Column {
  readonly title: string;
  /** Numbers stand on the right, so that their digits line up. */
  readonly align: 'left' | 'right';
}

/** How a cell is coloured, given its padded text; row -1 is the head. */
export type Paint = (text: string, row: number, column: number) => string;

/** Rows under a head, every column as wide as its widest cell, two spaces between. Ends with a line feed. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint = (text) => text,
): string {
  const head = columns.map(({ title }) => title);
  const widths = columns.map((_, index) =>
    Math.max(...[head, ...rows].map((cells) => (cells[index] ?? '').length)),
  );
  const lines = [head, ...rows].map((cells, row) =>
    columns
      .map(({ align }, column) => {
        const [text, width] = [cells[column] ?? '', widths[column] ?? 0];
        const last = column === columns.length - 1 && align === 'left';
        const padded = last ? text : align === 'left' ? text.padEnd(width) : text.padStart(width);
        return paint(padded, row - 1, column);
      })
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
