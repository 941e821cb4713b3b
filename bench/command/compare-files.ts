import { parseArgs } from 'node:util';
import {
  type Comparison,
  compareResults,
  comparisonText,
  haveNothingInCommon,
  TOLERANCE,
  undecidedText,
} from '../report/compare.ts';
import { differencesText } from '../report/differences.ts';
import { parseResult } from '../report/read-result.ts';
import type { Screen } from '../report/terminal.ts';
import { readNamed } from './flag-values.ts';

/** Exit code where nothing is known to be worse, and not everything could be judged. */
const NOT_ALL_JUDGED = 3;

/**
 * Prints how the second result compares with the first. Resolves to 1 where something got worse, else to 3 where
 * something could not be judged, is undecided or has no counterpart, else to 0.
 */
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
  const text = values.tolerance;
  const tolerance = text === undefined ? TOLERANCE : Number(text.trim() === '' ? Number.NaN : text);
  if (!(tolerance >= 0 && tolerance < 1)) throw new Error(`--tolerance is '${text}', it must be from 0 to 1`);
  const read = async (path: string) => parseResult(await readNamed('compare:', path), path);
  const [then, now] = [await read(before), await read(after)];
  const comparisons = compareResults(then, now, tolerance);
  if (haveNothingInCommon(comparisons)) throw new Error('the two results have no load in common');
  screen.write(differencesText(then, now));
  for (const comparison of comparisons) screen.write(`${comparisonText(comparison)}\n`);
  screen.write(undecidedText(comparisons, tolerance));
  return exitCodeOf(comparisons);
}

function exitCodeOf(comparisons: readonly Comparison[]): number {
  const verdicts = new Set(comparisons.map(({ verdict }) => verdict));
  if (verdicts.has('worse')) return 1;
  return verdicts.has('not judged') || verdicts.has('undecided') ? NOT_ALL_JUDGED : 0;
}
