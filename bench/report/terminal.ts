import type { Progress } from '../suite/measure.ts';
import { tableHead, tableRow } from './table.ts';

/** Where the terminal view is written. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = '\r\u001B[K';

/** The live view: finished loads as rows of a table, and under them one line that says what goes on. */
export function terminalProgress(screen: Screen): Progress & { end(): void } {
  const live = screen.isTTY === true;
  let begun = false;
  const clear = (): void => {
    if (live) screen.write(CLEAR_LINE);
  };
  return {
    status(text) {
      if (live) screen.write(`${CLEAR_LINE}${text.slice(0, (screen.columns ?? 80) - 1)}`);
    },
    point(point) {
      clear();
      if (!begun) screen.write(`${tableHead()}\n`);
      begun = true;
      screen.write(`${tableRow(point)}\n`);
    },
    end: clear,
  };
}
