import { parseArgs, styleText } from 'node:util';
import { loadConfig } from '../config/config.ts';
import { InferenceError, invalidArgument, messageOf } from '../errors.ts';
import { type MeasuredVersion, readMeasuredVersions } from '../repository/measured-versions.ts';
import { MEASURED_BATCHES } from '../repository/measurements.ts';
import { openRepository } from '../repository/model-repository.ts';
import { type Column, textTable } from './text-table.ts';
import { type VariantRow, variantRows } from './variant-rows.ts';

const HELP = `Usage: sluice models [settings]

Prints every variant of a model repository with its accuracy, size and speed, as variants.json has them, and whether
its file is the one that was measured. Nothing is loaded. Exits with 1 where a model or a file cannot be served.

  --model-repository PATH   folder of models, a model's folder, or an .onnx file (as for serve)
  --model-name NAME         name of a repository that is itself one model
  --json                    print JSON: {"variants": [...], "problems": [...]}

'*' marks the variant that answers when none is named; 'x faster' compares with it at a batch of 16. '-' stands for what nobody measured.
`;

const COLUMNS: readonly Column[] = [
  { title: 'model', align: 'left' },
  { title: 'version', align: 'right' },
  { title: 'variant', align: 'left' },
  { title: 'accuracy', align: 'right' },
  { title: 'bytes', align: 'right' },
  ...MEASURED_BATCHES.map((batch): Column => ({ title: `ms b=${batch}`, align: 'right' })),
  { title: 'x faster', align: 'right' },
  { title: 'sha256', align: 'left' },
  { title: 'task', align: 'left' },
];
const CHECKSUM = COLUMNS.findIndex(({ title }) => title === 'sha256');

/** Where the table is written. Only a terminal has `hasColors`, which knows what the user wishes too. */
export interface Screen {
  hasColors?(): boolean;
  write(text: string): unknown;
}

/**
 * The command `sluice models`. Resolves to the exit code: 0, or 1 where something cannot be served. Rejects with
 * `failed_precondition` where there is no repository, with `invalid_argument` for an unknown flag.
 */
export async function listModels(argv: readonly string[], screen: Screen): Promise<number> {
  const flags = parseFlags(argv);
  if (flags.help) {
    screen.write(HELP);
    return 0;
  }
  const { modelRepository, modelName } = loadConfig({ argv: flags.config });
  const versions = await readMeasuredVersions(openRepository({ path: modelRepository, modelName }));
  if (versions.length === 0) {
    throw new InferenceError(
      'failed_precondition',
      `${modelRepository} is no model repository: no folder in it holds an .onnx file`,
    );
  }
  const rows = await variantRows(versions);
  const problems = [...versions.flatMap(problemOf), ...rows.flatMap(problemOf)];
  const json = { variants: rows, problems };
  screen.write(flags.json ? `${JSON.stringify(json, undefined, 1)}\n` : report(rows, problems, screen));
  return problems.length === 0 ? 0 : 1;
}

function parseFlags(argv: readonly string[]): { help: boolean; json: boolean; config: string[] } {
  const options = {
    'model-repository': { type: 'string' },
    'model-name': { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
    const { json, help, ...rest } = values;
    return { json, help, config: Object.entries(rest).flatMap(([flag, value]) => [`--${flag}`, value]) };
  } catch (error) {
    throw invalidArgument(messageOf(error));
  }
}

function report(rows: readonly VariantRow[], problems: readonly string[], screen: Screen): string {
  const colours = screen.hasColors?.() ?? false;
  const paint = (text: string, row: number, column: number): string => {
    if (!colours) return text;
    if (row < 0) return styled('bold', text);
    return column === CHECKSUM && rows[row]?.sha256 === 'wrong' ? styled('red', text) : text;
  };
  const table = rows.length === 0 ? '' : textTable(COLUMNS, rows.map(cellsOf), paint);
  return table + problems.map((line) => `${line}\n`).join('');
}

const styled = (format: 'bold' | 'red', text: string): string =>
  styleText(format, text, { validateStream: false });

const cellsOf = (row: VariantRow): string[] => [
  row.model,
  row.version,
  row.default ? `${row.variant} *` : row.variant,
  row.accuracy === null ? '-' : `${(100 * row.accuracy).toFixed(2)} %`,
  String(row.bytes),
  ...MEASURED_BATCHES.map((batch) => row.ms[batch]?.toFixed(3) ?? '-'),
  row.speedup?.toFixed(2) ?? '-',
  row.sha256 === 'unknown' ? '-' : row.sha256,
  row.task ?? '-',
];

function problemOf(of: MeasuredVersion | VariantRow): string[] {
  if (of.problem === undefined || of.problem === '') return [];
  const version = of.version === '' ? '' : ` version ${of.version}`;
  return [`${of.model}${version}${'variant' in of ? ` variant '${of.variant}'` : ''}: ${of.problem}`];
}
