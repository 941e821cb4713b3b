import type { MeasuredFile } from '../../src/repository/measured-versions.ts';
import type { Evaluation } from '../../src/repository/measurements.ts';
import { code, percent, table } from './markdown.ts';

const WORST = 10;

type Slices = NonNullable<Evaluation['slices']>;

/** The classes the default variant finds least, what it takes them for, and the pairs it confuses most. */
export function errors({ measurements }: MeasuredFile): string[] {
  const { per_class_recall: recalls, worst_confusions: confusions = [] } = measurements.evaluation;
  const worst = Object.entries(recalls ?? {})
    .filter(([, recall]) => recall < 1)
    .sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
    .slice(0, WORST);
  const takenFor = (label: string): string => {
    const own = confusions.filter((each) => each.true === label);
    return own.map(({ predicted, count }) => `${predicted} (${count})`).join(', ') || '-';
  };
  const rows = worst.map(([label, recall]) => [label, percent(recall), takenFor(label)]);
  const pairs = confusions.slice(0, WORST).map((each) => [each.true, each.predicted, String(each.count)]);
  return [
    rows.length === 0
      ? ''
      : 'The classes that the default variant finds least, with those of its most frequent confusions that are theirs:',
    rows.length === 0 ? '' : table(['class', 'recall', 'taken for (times)'], rows),
    pairs.length === 0 ? '' : 'The confusions it makes most:',
    pairs.length === 0 ? '' : table(['true', 'answered', 'times'], pairs),
  ];
}

/** Accuracy on slices of the sample: who is served worse, and whether a smaller variant makes that worse still. */
export function biases(files: readonly MeasuredFile[]): string[] {
  const [main] = files;
  const slices = main?.measurements.evaluation.slices;
  if (main === undefined || slices === undefined || Object.keys(slices).length === 0) return [];
  const head = [
    'slice',
    'rows',
    ...files.map(({ source }) => code(source.variant)),
    '95 % interval, default',
  ];
  const rows = Object.entries(slices).map(([name, { n, accuracy }]) => [
    name,
    String(n),
    ...files.map(({ measurements }) =>
      percent(measurements.evaluation.slices?.[name]?.accuracy ?? undefined),
    ),
    accuracy === null || n === 0 ? '-' : wilson(accuracy, n),
  ]);
  return [table(head, rows), [weakest(slices, main.accuracy), ...dearest(slices, files)].join(' ')];
}

/** 95 % interval of a proportion (Wilson 1927), in per cent. */
function wilson(share: number, n: number): string {
  const z = 1.96;
  const scale = 1 + z ** 2 / n;
  const centre = (share + z ** 2 / (2 * n)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2))) / scale;
  return `${(100 * (centre - half)).toFixed(1)} to ${(100 * (centre + half)).toFixed(1)}`;
}

function weakest(slices: Slices, whole: number | undefined): string {
  const known = Object.entries(slices).flatMap(([name, { accuracy, n }]) =>
    accuracy === null ? [] : [{ name, accuracy, n }],
  );
  if (known.length === 0) return '';
  const { name, accuracy, n } = known.reduce((least, each) =>
    each.accuracy < least.accuracy ? each : least,
  );
  const gap = whole === undefined ? '' : `, ${(100 * (whole - accuracy)).toFixed(1)} points under the whole`;
  return `Served worst: "${name}" (${n} rows), ${percent(accuracy)}${gap}.`;
}

/** For each other variant the slice that pays most for its speed. */
function dearest(slices: Slices, files: readonly MeasuredFile[]): string[] {
  return files.slice(1).flatMap(({ source, measurements }) => {
    const losses = Object.entries(slices).flatMap(([name, { accuracy }]) => {
      const own = measurements.evaluation.slices?.[name]?.accuracy ?? null;
      return own === null || accuracy === null ? [] : [{ name, points: 100 * (accuracy - own) }];
    });
    if (losses.length === 0) return [];
    const { name, points } = losses.reduce((most, each) => (each.points > most.points ? each : most));
    const variant = code(source.variant);
    if (points < 0.05) return [`${variant} loses on no slice.`];
    return [`${variant} loses most on "${name}": ${points.toFixed(1)} points.`];
  });
}
