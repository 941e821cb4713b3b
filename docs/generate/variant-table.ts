import type { MeasuredFile } from '../../src/repository/measured-versions.ts';
import { MEASURED_BATCHES, speedUp } from '../../src/repository/measurements.ts';
import { code, fixed, megabytes, percent, table } from './markdown.ts';

interface Column {
  readonly title: string;
  cell(file: MeasuredFile, main: MeasuredFile): string;
}

const MISSING = '-';

const COLUMNS: readonly Column[] = [
  { title: 'variant', cell: ({ source }) => code(source.variant) },
  { title: 'precision', cell: ({ precision }) => precision ?? MISSING },
  { title: 'accuracy', cell: ({ accuracy }) => percent(accuracy, 2) },
  { title: '95 % interval', cell: ({ measurements }) => interval(measurements.evaluation.ci95) },
  { title: 'points against default', cell: pointsAgainst },
  { title: 'macro F1', cell: ({ measurements }) => fixed(measurements.evaluation.macro_f1, 4) },
  { title: 'calibration error', cell: ({ measurements }) => fixed(measurements.evaluation.ece, 4) },
  { title: 'out-of-scope recall', cell: ({ measurements }) => outOfScope(measurements.evaluation) },
  {
    title: 'false alarms',
    cell: ({ measurements }) => percent(measurements.evaluation.oos_false_alarm, 2),
  },
  ...MEASURED_BATCHES.map((batch) => ({
    title: `ms, batch ${batch}`,
    cell: ({ measurements }: MeasuredFile) => fixed(measurements.latency.ms?.[batch], 2),
  })),
  {
    title: 'times faster, batch 16',
    cell: ({ measurements }, main) => fixed(speedUp(measurements.latency, main.measurements.latency), 2),
  },
  { title: 'MB', cell: ({ source }) => megabytes(source.bytes) },
];

/** Accuracy, latency and size of every variant; a column that no variant has a figure for is left out. */
export function variantTable(files: readonly MeasuredFile[]): string {
  const [main] = files;
  if (main === undefined) return '';
  const columns = COLUMNS.map(({ title, cell }) => ({ title, cells: files.map((file) => cell(file, main)) }));
  const shown = columns.filter(({ cells }) => cells.some((cell) => cell !== MISSING));
  return table(
    shown.map(({ title }) => title),
    files.map((_, row) => shown.map(({ cells }) => cells[row] ?? MISSING)),
  );
}

const interval = (edges: readonly [number, number] | undefined): string =>
  edges === undefined ? MISSING : `${(100 * edges[0]).toFixed(1)} to ${(100 * edges[1]).toFixed(1)}`;

function pointsAgainst({ accuracy }: MeasuredFile, main: MeasuredFile): string {
  if (accuracy === undefined || main.accuracy === undefined) return MISSING;
  const points = 100 * (accuracy - main.accuracy);
  return `${points > 0 ? '+' : ''}${points.toFixed(2).replace('-0.00', '0.00')}`;
}

function outOfScope({ oos_recall: recall, oos_n: n }: MeasuredFile['measurements']['evaluation']): string {
  return recall === undefined || n === undefined ? percent(recall) : `${percent(recall, 0)} of ${n}`;
}

/** Keys of an evaluation that have a place of their own on the page. */
const PLACED = new Set([
  ...['sample', 'n', 'ci95', 'macro_f1', 'ece', 'oos_n', 'oos_recall', 'oos_false_alarm'],
  ...['per_class_recall', 'slices', 'worst_confusions'],
]);

/** Figures that only some families have, by name; a table where there are any. */
export function otherFigures(files: readonly MeasuredFile[]): string {
  const figures = files.map(({ measurements }) => new Map(scalars(measurements.evaluation)));
  const names = [...new Set(figures.flatMap((each) => [...each.keys()]))];
  if (names.length === 0) return '';
  const rows = names.map((name) => [name, ...figures.map((each) => each.get(name) ?? MISSING)]);
  return table(['other figures', ...files.map(({ source }) => code(source.variant))], rows);
}

function scalars(evaluation: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(evaluation).flatMap(([key, value]): [string, string][] => {
    if (PLACED.has(key)) return [];
    const name = key.replaceAll('_', ' ');
    if (typeof value !== 'object' || value === null) return [[name, String(value)]];
    const inner = Object.entries(value).filter(([, each]) => typeof each !== 'object');
    return inner.map(([part, each]) => [`${name}: ${part.replaceAll('_', ' ')}`, String(each)]);
  });
}
