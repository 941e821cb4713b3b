import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { number } from '../command/flag-values.ts';
import { scriptArguments } from '../script-arguments.ts';
import { accuracyCases } from './accuracy-case.ts';
import { barsOf, type Results } from './bars.ts';
import { costCases } from './cost-case.ts';
import { learningCases } from './learning-case.ts';
import { lengthCases } from './length-case.ts';
import { accuracyPicture, plateauPicture } from './pictures.ts';
import { plateauCases } from './plateau-case.ts';
import { replaceTables } from './replace-tables.ts';
import { stallCases } from './stall-case.ts';
import { tablesOf } from './tables.ts';

const USAGE = `Runs the scheduler and its rivals in a simulator and writes the tables and pictures of docs/scheduling.md.

  --seconds N   simulated seconds of each case (20)
  --dry-run     print only, write nothing`;

const PAGE = new URL('../../docs/scheduling.md', import.meta.url);
const PICTURES = new URL('../../docs/img/', import.meta.url);

const { seconds, dryRun } = scriptArguments({
  usage: USAGE,
  options: { seconds: { type: 'string', default: '20' }, 'dry-run': { type: 'boolean', default: false } },
  check: (values) => ({ seconds: number('seconds', values.seconds), dryRun: values['dry-run'] }),
});
simulateAll();

function simulateAll(): void {
  const horizon = seconds * 1000;
  const told = (line: string) => process.stderr.write(`${line}\n`);
  const results: Results = {
    accuracy: accuracyCases(horizon, told),
    plateau: plateauCases(horizon / 2, told),
    lengths: lengthCases(horizon / 2, told),
    learning: learningCases(horizon, told),
    stalls: stallCases(2 * horizon, told),
    cost: costCases(told),
  };
  const tables = tablesOf(results);
  for (const [name, text] of tables) console.log(`\n${name}\n\n${text}`);
  const failed = barsOf(results).filter(({ holds }) => !holds);
  for (const { what, reached, goal } of failed) console.log(`\nnot reached: ${what}: ${reached}, ${goal}`);
  process.exitCode = failed.length > 0 ? 1 : 0;
  if (dryRun) return;
  mkdirSync(PICTURES, { recursive: true });
  writeFileSync(new URL('scheduling-accuracy.svg', PICTURES), accuracyPicture(results.accuracy));
  writeFileSync(new URL('scheduling-goodput.svg', PICTURES), plateauPicture(results.plateau));
  writeFileSync(PAGE, replaceTables(readFileSync(PAGE, 'utf8'), tables));
}
