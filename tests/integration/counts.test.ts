import { expect, test } from 'vitest';
import { budgetsFor, countsTable, overBudget, readBudgets } from '../../bench/counts/budgets.ts';
import { CASES } from '../../bench/counts/cases.ts';
import { countAll, type Figures } from '../../bench/counts/count.ts';
import { COUNTS, type Tally } from '../../bench/counts/counters.ts';

test('a request costs no more copies, messages, promises and memory than its budget', {
  timeout: 120_000,
}, async () => {
  const figures = await countAll();
  const budgets = readBudgets();
  expect(overBudget(figures, budgets), countsTable(figures, budgets)).toEqual([]);
});

test('every case has its budgets, and no budget is for a case that is gone', () => {
  const budgets = readBudgets();
  expect(Object.keys(budgets)).toEqual(CASES.map(({ name }) => name));
  for (const budget of Object.values(budgets)) expect(Object.keys(budget)).toEqual([...COUNTS]);
});

const tallyOf = (value: number): Tally =>
  Object.fromEntries(COUNTS.map((count) => [count, value])) as Record<(typeof COUNTS)[number], number>;

test('one copy, message or promise more per request is over budget, a hundredth more is not', () => {
  for (const value of [1, 2, 4]) {
    const figures: Figures = { case: tallyOf(value) };
    const budgets = budgetsFor(figures);
    expect(overBudget({ case: tallyOf(value * 1.01) }, budgets)).toEqual([]);
    const over = overBudget({ case: tallyOf(value + 1) }, budgets).map((line) => line.split(' ')[1]);
    expect(over).toEqual(expect.arrayContaining(['copies', 'messages', 'batches', 'promises']));
  }
});

test('a case without a budget is over it', () => {
  expect(overBudget({ case: tallyOf(0) }, {})).toHaveLength(COUNTS.length);
});
