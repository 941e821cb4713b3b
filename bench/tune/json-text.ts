import { invalidArgument, messageOf } from '../../src/errors.ts';

/** The text of a value that is kept as it was written. */
class Written {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Members of a JSON object in their order: as they were written, or new values. */
export type Members = Map<string, unknown>;

/** The members of a JSON object, each with the very text of its value. Throws `invalid_argument` naming the file. */
export function parseObject(text: string, file: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`${file}: ${messageOf(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument(`${file} must be a JSON object`);
  }
  const members: Members = new Map();
  for (const part of partsOf(text)) {
    const [key = ''] = /^\s*"(?:[^"\\]|\\.)*"/.exec(part) ?? [];
    members.set(JSON.parse(key) as string, new Written(part.slice(part.indexOf(':', key.length) + 1).trim()));
  }
  return members;
}

/** What stands between the commas of the outermost object, which is known to be valid JSON. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let begin = text.indexOf('{') + 1;
  for (const { 0: mark, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},]/g)) {
    if (mark === '{' || mark === '[') depth++;
    else if (mark === '}' || mark === ']') depth--;
    if ((mark === ',' && depth === 1) || depth === 0) {
      const part = text.slice(begin, index);
      if (part.trim() !== '') parts.push(part);
      begin = index + 1;
    }
  }
  return parts;
}

const INDENT = '  ';

/** The object as text, in lines and with the indent of `like`, which it was read from. */
export function printObject(members: Members, like: string): string {
  const end = like.endsWith('\n') ? '\n' : '';
  const oneLine = members.size > 0 && like.trim() !== '{}' && !like.trim().includes('\n');
  const indent = /\n([ \t]+)"/.exec(like)?.[1] ?? INDENT;
  const lines = [...members].map(([key, value]) => {
    if (value instanceof Written) return `${JSON.stringify(key)}: ${value.text}`;
    const text = oneLine ? JSON.stringify(value) : JSON.stringify(value, undefined, indent);
    return `${JSON.stringify(key)}: ${text.replaceAll('\n', `\n${indent}`)}`;
  });
  if (lines.length === 0) return `{}${end}`;
  if (oneLine) return `{ ${lines.join(', ')} }${end}`;
  return `{\n${lines.map((line) => indent + line).join(',\n')}\n}${end}`;
}
