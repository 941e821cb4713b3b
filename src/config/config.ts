import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { invalidArgument, messageOf } from '../errors.ts';
import { OPTIONS, type Option, type OptionKey } from './options.ts';

type Shape = { [Key in OptionKey]: (typeof OPTIONS)[Key]['schema'] };

const KEYS = Object.keys(OPTIONS) as OptionKey[];
const SCHEMA = z.strictObject(Object.fromEntries(KEYS.map((key) => [key, OPTIONS[key].schema])) as Shape);

/** The complete configuration: every key present, in range, frozen. */
export type Config = Readonly<z.output<typeof SCHEMA>>;

export interface ConfigSources {
  /** Command line without the program and the command. */
  readonly argv?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Flags win over the environment, the environment over the file, the file over the defaults.
 * Throws `invalid_argument` naming the key for an unknown key and a value out of range.
 */
export function loadConfig({ argv = [], env = process.env }: ConfigSources = {}): Config {
  const flags = parseFlags(argv);
  const file = flags['config'] ?? env['SLUICE_CONFIG'];
  const values: Record<string, unknown> = file === undefined || file === '' ? {} : readFile(file);
  for (const key of KEYS) {
    const option: Option = OPTIONS[key];
    const variable = env[option.env];
    const absent = variable === '' && option.emptyCounts !== true;
    const value = flags[option.flag] ?? (absent ? undefined : variable);
    if (value !== undefined) values[key] = value;
  }
  rejectUnknownVariables(env);
  const result = SCHEMA.safeParse(values);
  if (!result.success) throw invalidArgument(`configuration: ${describe(result.error)}`);
  const stateDir = result.data.stateDir === 'auto' ? userStateFolder(env) : result.data.stateDir;
  return Object.freeze({ ...result.data, stateDir });
}

/** By the XDG base directory specification; empty where there is no such place. */
function userStateFolder({ XDG_STATE_HOME: state = '', HOME: home = '' }: NodeJS.ProcessEnv): string {
  if (isAbsolute(state)) return join(state, 'sluice');
  return isAbsolute(home) ? join(home, '.local', 'state', 'sluice') : '';
}

function parseFlags(argv: readonly string[]): Record<string, string | undefined> {
  const options: Record<string, { type: 'string' }> = { config: { type: 'string' } };
  for (const key of KEYS) options[OPTIONS[key].flag] = { type: 'string' };
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw invalidArgument(messageOf(error));
  }
}

function readFile(path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return z.record(z.string(), z.unknown()).parse(value);
  } catch (error) {
    throw invalidArgument(`configuration file '${path}': ${messageOf(error)}`);
  }
}

/** A mistyped SLUICE_ variable would be silently without effect. Kubernetes adds its own for a Service named sluice. */
function rejectUnknownVariables(env: NodeJS.ProcessEnv): void {
  const known = new Set<string>(['SLUICE_CONFIG', ...KEYS.map((key) => OPTIONS[key].env)]);
  const service =
    /^SLUICE(_[A-Z0-9]+)*_(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?=|PORT_[0-9]+_(TCP|UDP)(_[A-Z]+)?=|PORT=(tcp|udp|sctp):)/;
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('SLUICE_') && !known.has(name) && !service.test(`${name}=${value}`)) {
      throw invalidArgument(`configuration: unknown environment variable ${name}`);
    }
  }
}

/** One line per problem, each naming the key. */
function describe(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length > 0 ? `'${issue.path.join('.')}': ${issue.message}` : issue.message))
    .join('; ');
}

/** The text of `--help`: one line per setting. */
export function helpText(): string {
  const rows = KEYS.map((key) => {
    const { flag, env, help, schema } = OPTIONS[key];
    const fallback: unknown = schema.parse(undefined);
    return `  --${flag.padEnd(20)} ${env.padEnd(26)} ${help} Default: ${JSON.stringify(fallback)}.`;
  });
  return [
    ...rows,
    `  --${'config'.padEnd(20)} ${'SLUICE_CONFIG'.padEnd(26)} JSON file with the same settings by key.`,
  ].join('\n');
}
