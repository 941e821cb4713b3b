import type { Screen } from '../report/terminal.ts';
import type { RaceProgress } from './arena.ts';

const CLEAR_LINE = '\r\u001B[K';
const BAR = 20;

/** Rounds as they are finished, and under them, on a terminal, a bar of the budget with what goes on. */
export function liveView(screen: Screen): RaceProgress & { end(): void } {
  const live = screen.isTTY === true;
  const clear = (): void => {
    if (live) screen.write(CLEAR_LINE);
  };
  return {
    status(text, share) {
      if (!live) return;
      const done = Math.round(share * BAR);
      const bar = `[${'#'.repeat(done)}${'.'.repeat(BAR - done)}] ${`${Math.round(share * 100)}`.padStart(3)} %  ${text}`;
      screen.write(`${CLEAR_LINE}${bar.slice(0, (screen.columns ?? 80) - 1)}`);
    },
    round(title, lines) {
      clear();
      screen.write(`${title}\n${lines.map((line) => `  ${line}\n`).join('')}`);
    },
    end: clear,
  };
}
