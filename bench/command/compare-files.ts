import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { compareResults, comparisonText, parseResult, TOLERANCE } from '../report/compare.ts';
import type { Screen } from '../report/terminal.ts';

/** Prints how the second result compares with the first. Resolves to 1 where something got worse, else 0. */
export async function compareFiles(argv: readonly string[], screen: Screen): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { tolerance: { type: 'string' } },
    allowPositionals: true,
  });
  const [before, after, ...more] = positionals;
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error('compare takes two files: BEFORE.json AFTER.json');
  }
  const tolerance = values.tolerance === undefined ? TOLERANCE : Number(values.tolerance);
  if (!(tolerance >= 0 && tolerance < 1))
    throw new Error(`--tolerance is '${values.tolerance}', it must be from 0 to 1`);
  const read = async (path: string) => parseResult(await readFile(path, 'utf8'), path);
  const comparisons = compareResults(await read(before), await read(after), tolerance);
  if (comparisons.length === 0) throw new Error('the two results have no load in common');
  for (const comparison of comparisons) screen.write(`${comparisonText(comparison)}\n`);
  return comparisons.some(({ verdict }) => verdict === 'worse') ? 1 : 0;
}
