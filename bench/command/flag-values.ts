import { readFile } from 'node:fs/promises';

interface Range {
  readonly whole?: boolean;
  readonly zero?: boolean;
}

/** Throws with the flag's name and the limit where the text is no such number. */
export function number(flag: string, text: string, { whole = false, zero = false }: Range = {}): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const fits =
    Number.isFinite(value) && (zero ? value >= 0 : value > 0) && (!whole || Number.isInteger(value));
  if (fits) return value;
  throw new Error(
    `--${flag} is '${text}', it must be a ${whole ? 'whole ' : ''}number ${zero ? 'not below' : 'above'} 0`,
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

/** The lines of the file that --texts names. */
export async function readTexts(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Error(`--texts: '${path}' has no line of text`);
  return lines;
}
