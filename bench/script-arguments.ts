import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { messageOf } from '../src/errors.ts';

const HELP = { help: { type: 'boolean' } } as const;

interface Script<Options extends ParseArgsOptionsConfig, Arguments> {
  readonly usage: string;
  readonly options: Options;
  /** Names that may be given, for only some of what the script does. */
  readonly cases?: readonly string[];
  /** Throws where a value does not fit. `wanted` are the cases, all where none was named. */
  readonly check: (values: Values<Options>, wanted: readonly string[]) => Arguments;
}

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options }>
>['values'];

/**
 * The arguments of an npm script, checked. `--help` prints the usage and ends the process with 0; what is wrong becomes
 * one line on stderr and ends it with 2.
 */
export function scriptArguments<Options extends ParseArgsOptionsConfig, Arguments>({
  usage,
  options,
  cases = [],
  check,
}: Script<Options, Arguments>): Arguments {
  try {
    const { values, positionals } = parseArgs({
      options: { ...options, ...HELP },
      allowPositionals: cases.length > 0,
    });
    if ('help' in values) {
      console.log(usage);
      process.exit(0);
    }
    const unknown = positionals.find((name) => !cases.includes(name));
    if (unknown !== undefined) throw new Error(`no case '${unknown}', there are ${cases.join(', ')}`);
    return check(values as Values<Options>, positionals.length > 0 ? positionals : cases);
  } catch (error) {
    console.error(messageOf(error));
    process.exit(2);
  }
}
