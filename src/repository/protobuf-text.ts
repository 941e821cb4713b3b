import { invalidArgument } from '../errors.ts';

/** A message of the protobuf text format: every field with the values it was given, in order. */
export type TextMessage = ReadonlyMap<string, readonly TextValue[]>;

/** Enum values and other bare words are kept as text, as JSON would write them; `true` and `false` are booleans. */
export type TextValue = string | number | boolean | TextMessage;

interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'symbol' | 'end';
  readonly text: string;
  readonly line: number;
}

const PATTERNS: readonly { readonly kind: Token['kind'] | 'skip'; readonly pattern: RegExp }[] = [
  { kind: 'skip', pattern: /(?:\s|#[^\n]*)+/y },
  { kind: 'string', pattern: /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'/y },
  {
    kind: 'number',
    pattern: /-?\s*(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?)(?![\w.])/y,
  },
  { kind: 'word', pattern: /[A-Za-z_][A-Za-z0-9_]*/y },
  { kind: 'symbol', pattern: /[{}<>[\]:,;]/y },
];

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Deep enough for any real file, and shallow enough for the stack. */
const MAX_DEPTH = 100;

/**
 * Reads the protobuf text format (protobuf.dev, "Text Format Language Specification") without a schema. Octal
 * numbers and escapes, extensions and Any values are not needed by model configurations and are refused.
 * Throws `invalid_argument` naming the line.
 */
export function parseTextFormat(text: string): TextMessage {
  const tokens = tokenize(text);
  let position = 0;

  const peek = (): Token => tokens[position] ?? { kind: 'end', text: 'the end', line: 0 };
  const next = (): Token => {
    const token = peek();
    position++;
    return token;
  };
  const accept = (symbol: string): boolean => {
    const found = peek().kind === 'symbol' && peek().text === symbol;
    if (found) position++;
    return found;
  };
  const fail = ({ line, text: found }: Token, expected: string): never => {
    throw invalidArgument(`line ${line}: expected ${expected}, found ${JSON.stringify(found)}`);
  };

  function message(end: string | undefined, depth: number): TextMessage {
    if (depth > MAX_DEPTH) fail(peek(), `at most ${MAX_DEPTH} levels`);
    const fields = new Map<string, TextValue[]>();
    while (end === undefined ? peek().kind !== 'end' : !accept(end)) {
      const name = next();
      if (name.kind !== 'word') fail(name, 'the name of a field');
      const values = fields.get(name.text) ?? [];
      fields.set(name.text, values);
      const colon = accept(':');
      if (accept('[')) list(values, depth);
      else values.push(value(depth, colon));
      if (!accept(',')) accept(';');
    }
    return fields;
  }

  function list(values: TextValue[], depth: number): void {
    if (accept(']')) return;
    do values.push(value(depth, true));
    while (accept(','));
    if (!accept(']')) fail(peek(), '"," or "]"');
  }

  function value(depth: number, scalarAllowed: boolean): TextValue {
    if (accept('{')) return message('}', depth + 1);
    if (accept('<')) return message('>', depth + 1);
    const token = next();
    if (!scalarAllowed) return fail(token, '":" or "{"');
    if (token.kind === 'number') return Number(token.text.replace(/\s|[fF]$/g, ''));
    if (token.kind === 'word') return token.text === 'true' || (token.text === 'false' ? false : token.text);
    if (token.kind !== 'string') return fail(token, 'a value');
    let joined = stringValue(token);
    while (peek().kind === 'string') joined += stringValue(next());
    return joined;
  }

  return message(undefined, 0);
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const { kind, found } = match(text, at);
    if (kind === undefined) {
      throw invalidArgument(`line ${line}: unexpected ${JSON.stringify(text[at])}`);
    }
    if (kind !== 'skip') tokens.push({ kind, text: found, line });
    line += found.split('\n').length - 1;
    at += found.length;
  }
  tokens.push({ kind: 'end', text: 'the end', line });
  return tokens;
}

function match(text: string, at: number): { kind?: Token['kind'] | 'skip'; found: string } {
  for (const { kind, pattern } of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return { kind, found };
  }
  return { found: '' };
}

function stringValue({ text, line }: Token): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_, character: string) => {
    if (/[0-9xXuU]/.test(character)) {
      throw invalidArgument(`line ${line}: numeric escapes in strings are not supported`);
    }
    return ESCAPES[character] ?? character;
  });
}
