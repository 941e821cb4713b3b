import { writeFileSync } from 'node:fs';
import { endChildrenOnSignal } from '../machine/children.ts';
import { scriptArguments } from '../script-arguments.ts';
import { BUDGETS_FILE, budgetsFor, countsTable, overBudget, readBudgets } from './budgets.ts';
import { countAll } from './count.ts';

const USAGE = `What a request costs in counts that do not depend on the machine, next to the budgets that npm test holds it to.

  npm run counts

  --take   write budgets that leave the present figures their headroom`;

const { take } = scriptArguments({
  usage: USAGE,
  options: { take: { type: 'boolean', default: false } },
  check: (values) => values,
});
endChildrenOnSignal();

const figures = await countAll();
if (take) writeFileSync(BUDGETS_FILE, `${JSON.stringify(budgetsFor(figures), null, 2)}\n`);
const budgets = readBudgets();
process.stdout.write(`${countsTable(figures, budgets)}\n`);
const over = overBudget(figures, budgets);
for (const line of over) process.stdout.write(`OVER BUDGET ${line}\n`);
process.exitCode = over.length === 0 ? 0 : 1;
