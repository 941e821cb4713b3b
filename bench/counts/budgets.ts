import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Figures } from './count.ts';
import { COUNTS, type Count } from './counters.ts';

/** By case and count, per request. Written by `npm run counts -- --take`; to be lowered whenever the figures are. */
export type Budgets = Readonly<Record<string, Readonly<Record<Count, number>>>>;

export const BUDGETS_FILE = fileURLToPath(new URL('./budgets.json', import.meta.url));

export const readBudgets = (): Budgets => JSON.parse(readFileSync(BUDGETS_FILE, 'utf8')) as Budgets;

interface CountRule {
  /** Why it has a budget. */
  readonly reason: string;
  /** What a budget leaves above the figure it was taken from: a share of it, and something for what runs beside. */
  readonly share: number;
  readonly least: number;
}

const RULES: Readonly<Record<Count, CountRule>> = {
  copies: {
    reason: 'pieces of memory of 32 bytes or more that were copied: one more is a tensor copied once more',
    share: 0.1,
    least: 0.1,
  },
  copiedBytes: { reason: 'their bytes: of a wide request, so many times its 16 kB', share: 0.1, least: 8 },
  messages: {
    reason: 'messages to worker threads: each costs a clone and a hand-over; one per batch',
    share: 0.15,
    least: 0.02,
  },
  batches: { reason: 'batches executed: requests that arrive together share them', share: 0.15, least: 0.02 },
  heapBytes: {
    reason: 'allocated in the heap before optimisation: work for the collector',
    share: 0.15,
    least: 256,
  },
  bufferBytes: {
    reason: 'allocated outside the heap: bodies, tensors, encoded answers',
    share: 0.15,
    least: 64,
  },
  keptBytes: {
    reason:
      'left when the young generation is collected, though nobody needs it: long pauses, whole collections',
    share: 0.15,
    least: 512,
  },
  promises: {
    reason: 'promises created: each is an allocation and a turn of the microtask queue',
    share: 0.1,
    least: 0.1,
  },
  timers: {
    reason: 'timers and immediates created; some belong to Node and to grpc-js',
    share: 0.1,
    least: 0.2,
  },
};

/** Budgets that leave the figures the headroom of their rules. */
export const budgetsFor = (figures: Figures): Budgets =>
  Object.fromEntries(
    Object.entries(figures).map(([name, tally]) => [
      name,
      Object.fromEntries(COUNTS.map((count) => [count, withHeadroom(count, tally[count])])) as Record<
        Count,
        number
      >,
    ]),
  );

function withHeadroom(count: Count, figure: number): number {
  const { share, least } = RULES[count];
  const budget = Math.max(0, figure) * (1 + share) + least;
  return budget >= 100 ? Math.ceil(budget) : Math.ceil(budget * 1000) / 1000;
}

/** The counts that are above their budgets, in words; a case without a budget is one of them. */
export function overBudget(figures: Figures, budgets: Budgets): string[] {
  return Object.entries(figures).flatMap(([name, tally]) =>
    COUNTS.flatMap((count) => {
      const budget = budgets[name]?.[count];
      if (budget !== undefined && tally[count] <= budget) return [];
      return [
        `${name}: ${count} ${numeral(tally[count])}, budget ${numeral(budget ?? Number.NaN)} (${RULES[count].reason})`,
      ];
    }),
  );
}

/** Figure and budget of every count, a table per case. */
export function countsTable(figures: Figures, budgets: Budgets): string {
  const lines = Object.entries(figures).map(([name, tally]) => [
    `${name}, per request`,
    ...COUNTS.map((count) => {
      const budget = budgets[name]?.[count];
      const left =
        budget === undefined ? '-' : `${(((budget - tally[count]) / budget) * 100).toFixed(0)} % left`;
      const cells = [numeral(tally[count]), numeral(budget ?? Number.NaN), left];
      return `  ${count.padEnd(12)}${cells.map((cell) => cell.padStart(11)).join('')}  ${RULES[count].reason}`;
    }),
  ]);
  return lines.map((table) => table.join('\n')).join('\n\n');
}

const numeral = (value: number): string => (value >= 1000 ? value.toFixed(0) : value.toFixed(2));
