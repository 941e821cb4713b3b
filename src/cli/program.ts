import packageJson from '../../package.json' with { type: 'json' };
import { helpText } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { COMMANDS } from './commands.ts';

const [DEFAULT] = COMMANDS;

const HELP = `Usage: sluice [command] [settings]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

'sluice COMMAND --help' tells the settings of a command. '${DEFAULT.name}' is meant when none is given; its settings are

`;

/** Finds the command and runs it; what goes wrong becomes one line on stderr and exit code 2. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    process.exitCode = (await run(argv)) ?? process.exitCode;
  } catch (error) {
    process.stderr.write(`sluice: ${messageOf(error)}\n`);
    process.exitCode = 2;
  }
}

/** Resolves to the exit code, or to undefined where a server runs on. */
async function run(argv: readonly string[]): Promise<number | undefined> {
  const [first = DEFAULT.name, ...rest] = argv;
  if (first === '--version') return print(`${packageJson.version}\n`);
  if (first === '--help' || first === '-h') return print(`${HELP}${helpText()}\n`);
  if (first.startsWith('-')) return DEFAULT.run(argv);
  const command = COMMANDS.find(({ name }) => name === first);
  if (command !== undefined) return command.run(rest);
  throw new Error(`unknown command '${first}', there are ${COMMANDS.map(({ name }) => name).join(', ')}`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
