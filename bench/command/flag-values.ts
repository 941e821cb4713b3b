import { readFile } from 'node:fs/promises';
import { messageOf } from '../../src/errors.ts';

interface Range {
  readonly whole?: boolean;
  readonly zero?: boolean;
  /** The largest number that fits. */
  readonly most?: number;
}

/** Throws with the flag's name and the limit where the text is no such number. */
export function number(
  flag: string,
  text: string,
  { whole = false, zero = false, most = Number.POSITIVE_INFINITY }: Range = {},
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const fits =
    Number.isFinite(value) &&
    (zero ? value >= 0 : value > 0) &&
    value <= most &&
    (!whole || Number.isInteger(value));
  if (fits) return value;
  throw new Error(
    `--${flag} is '${text}', it must be a ${whole ? 'whole ' : ''}number ${zero ? 'not below' : 'above'} 0${most === Number.POSITIVE_INFINITY ? '' : `, at most ${most}`}`,
  );
}

/** Numbers with commas between. */
export const numbers = (flag: string, text: string, range: Range = {}): number[] =>
  text.split(',').map((each) => number(flag, each, range));

/** Throws with the flag's name and the names there are. */
export function oneOf<Name extends string>(flag: string, text: string, names: readonly Name[]): Name {
  const name = names.find((each) => each === text);
  if (name !== undefined) return name;
  throw new Error(`--${flag} is '${text}', it must be one of ${names.join(', ')}`);
}

/** Throws with the flag's name where a value is there twice: two loads of one name could not be told apart. */
export function distinct<Value>(flag: string, values: readonly Value[]): readonly Value[] {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice === undefined) return values;
  throw new Error(`--${flag} is '${values.join(',')}', which has ${twice} twice`);
}

/** The text of a file; rejects with what it was for and its name where it cannot be read. */
export async function readNamed(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`${what} '${path}' cannot be read: ${messageOf(error)}`);
  }
}

/** The lines of the file that --texts names. */
export async function readTexts(path: string): Promise<string[]> {
  const lines = (await readNamed('--texts:', path)).split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Error(`--texts: '${path}' has no line of text`);
  return lines;
}
