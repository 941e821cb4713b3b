import type { MeasuredFile, MeasuredVersion } from '../../src/repository/measured-versions.ts';
import { trainingOf } from './lineage.ts';
import { code, joined, percent } from './markdown.ts';
import { biases, errors } from './mistakes.ts';
import { otherFigures, variantTable } from './variant-table.ts';

export interface Card {
  readonly version: MeasuredVersion;
  /** Paragraphs that are no data: what the family is for and not for. Empty where nobody wrote them. */
  readonly text: string;
  /** Path of the picture from the page; undefined where nothing can be drawn. */
  readonly picture: string | undefined;
}

/** The section of one family. Whatever its variants.json does not have is left out. */
export function cardOf({ version, text, picture }: Card): string {
  const { model, files } = version;
  const [main] = files;
  if (main === undefined) return joined([`## ${model}`, text.trim()]);
  return joined([
    `## ${model}`,
    text.trim(),
    `**Task:** ${version.task === undefined ? 'none, it takes tensors' : code(version.task)}. ${dataLine(version)}`,
    picture === undefined ? '' : `![${model}: accuracy against latency](${picture})`,
    `### Variants of ${model}`,
    howMeasured(main),
    variantTable(files),
    otherFigures(files),
    ...titled(`### How ${model} was trained`, trainingOf(files)),
    ...titled(`### Where ${model} errs`, errors(main)),
    ...titled(`### Biases of ${model}`, biases(files)),
  ]);
}

/** A heading with what follows it, or nothing. */
const titled = (heading: string, parts: readonly string[]): string[] =>
  parts.some((part) => part !== '') ? [heading, ...parts] : [];

function dataLine({ data }: MeasuredVersion): string {
  const field = (key: string) => (typeof data[key] === 'string' ? data[key] : undefined);
  const [name, source, licence] = [field('name'), field('source'), field('licence')];
  if (name === undefined) return '';
  const origin = source === undefined ? '' : ` (${source})`;
  return `**Data:** ${name}${origin}${licence === undefined ? '' : `, licence ${licence}`}.`;
}

function howMeasured({ accuracy, measurements: { evaluation, latency } }: MeasuredFile): string {
  const { sample, n } = evaluation;
  const rows = [sample, n === undefined ? undefined : `n = ${n}`].filter((part) => part !== undefined);
  const { cpu, threads, sequence } = latency;
  const setting = [
    cpu,
    threads === undefined ? undefined : threads === 1 ? 'one thread' : `${threads} threads`,
    sequence === undefined ? undefined : `${sequence} tokens a row`,
  ].filter((part) => part !== undefined);
  return [
    accuracy === undefined || rows.length === 0 ? '' : `Accuracy is measured on: ${rows.join(', ')}.`,
    setting.length === 0 ? '' : `Latency: ${setting.join(', ')}, all variants in turns in one run.`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** One line of the list of families. */
export function summaryOf({ model, task, data, files }: MeasuredVersion): string[] {
  const [main] = files;
  const bytes = files.reduce((sum, { source }) => sum + source.bytes, 0);
  return [
    `[${model}](#${model})`,
    task ?? '-',
    typeof data['name'] === 'string' ? data['name'] : '-',
    percent(main?.accuracy, 2),
    files.map(({ source }) => source.variant).join(', '),
    (bytes / 1e6).toFixed(1),
  ];
}
