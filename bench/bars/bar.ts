/** One line of the table. */
export interface Bar {
  /** What was measured. */
  readonly name: string;
  /** What it must reach. */
  readonly bar: string;
  /** What it reached. */
  readonly figure: string;
  readonly met: boolean;
  /** Cores that others kept busy meanwhile: above `QUIET`, the verdict is open. */
  readonly others?: number;
  /** Why the figure cannot tell, whatever it is. */
  readonly open?: string;
  /** Failed requests by what went wrong. Where there are any, the bar is missed: the figure is of the others. */
  readonly failures?: Readonly<Record<string, number>>;
  /** Figures that explain it, a line each. */
  readonly details?: readonly string[];
}

/** How many cores others may keep busy before a figure says more about them than about the server. */
export const QUIET = 0.2;

export type Verdict = 'met' | 'MISSED' | 'unsure';

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
export const ms = (value: number): string => `${value.toFixed(Math.abs(value) < 10 ? 3 : 1)} ms`;
export const rows = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} rows/s`;

const failureLines = ({ failures = {} }: Bar): string[] =>
  Object.entries(failures).map(([name, count]) => `FAILED ${count} requests: ${name}`);

export function verdictOf(bar: Bar): Verdict {
  if (failureLines(bar).length > 0) return 'MISSED';
  return doubtsOf(bar).length > 0 ? 'unsure' : bar.met ? 'met' : 'MISSED';
}

const doubtsOf = ({ others = 0, open }: Bar): string[] => [
  ...(others > QUIET ? [`others used ${others.toFixed(2)} cores meanwhile`] : []),
  ...(open === undefined ? [] : [open]),
];

export function barText(bar: Bar): string {
  const { name, figure, details = [] } = bar;
  const head = `${verdictOf(bar).padEnd(7)} ${name.padEnd(56)} ${figure.padEnd(24)} bar ${bar.bar}`;
  return [
    head,
    ...[...details, ...failureLines(bar), ...doubtsOf(bar)].map((line) => `          ${line}`),
  ].join('\n');
}
