import type { MeasuredFile, MeasuredVersion } from '../../src/repository/measured-versions.ts';
import type { Mark } from './pareto-front.ts';
import { paretoPicture } from './pareto-picture.ts';

/** The picture of a family, beside models measured on the same rows; undefined where no variant has both figures. */
export function familyPicture(family: MeasuredVersion, all: readonly MeasuredVersion[]): string | undefined {
  const own = family.files.flatMap((file) => markOf(file, file.source.variant));
  const [main] = family.files;
  if (own.length === 0 || main === undefined) return undefined;
  const others = all
    .filter((other) => other !== family && sampleOf(other) === sampleOf(family))
    .flatMap(({ model, files }) => files.flatMap((file) => markOf(file, `${model} ${file.source.variant}`)));
  const { threads } = main.measurements.latency;
  const setting = threads === undefined ? '' : threads === 1 ? ', one thread' : `, ${threads} threads`;
  return paretoPicture({
    title: `${family.model}: accuracy against latency`,
    xLabel: `latency of a batch of 16, ms${setting} (logarithmic)`,
    own,
    others,
  });
}

function markOf({ source, accuracy, measurements }: MeasuredFile, name: string): Mark[] {
  const ms = measurements.latency.ms?.['16'];
  const { ci95 } = measurements.evaluation;
  if (ms === undefined || accuracy === undefined) return [];
  return [{ name, ms, accuracy, bytes: source.bytes, ...(ci95 === undefined ? {} : { interval: ci95 }) }];
}

/** Figures of two families can be compared where task, rows, processor and threads are the same. */
function sampleOf({ task, data, files }: MeasuredVersion): string {
  const { evaluation, latency } = files[0]?.measurements ?? { evaluation: {}, latency: {} };
  return JSON.stringify([
    task,
    data,
    evaluation['sample'],
    evaluation['n'],
    latency['cpu'],
    latency['threads'],
  ]);
}
