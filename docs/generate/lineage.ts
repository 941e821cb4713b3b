import type { MeasuredFile } from '../../src/repository/measured-versions.ts';
import { code } from './markdown.ts';

/** The steps that made the default variant, and for each other one where it leaves the way of an earlier one. */
export function trainingOf(files: readonly MeasuredFile[]): string[] {
  const [main, ...others] = files;
  if (main === undefined) return [];
  const steps = main.measurements.lineage.map((step, index) => `${index + 1}. ${step}`);
  const derived = others.map((file, index) => derivation(file, files.slice(0, index + 1)));
  return [steps.join('\n'), derived.filter((line) => line !== '').join('\n')];
}

function derivation({ source, measurements }: MeasuredFile, earlier: readonly MeasuredFile[]): string {
  const own = measurements.lineage;
  if (own.length === 0) return '';
  const shared = earlier.map((file) => ({ file, steps: commonSteps(own, file.measurements.lineage) }));
  // The later of two that share as much is the nearer one: it has gone further on the same way.
  const nearest = shared.reduce((best, each) => (each.steps >= best.steps ? each : best));
  const rest = own.slice(nearest.steps);
  const whole = nearest.steps === nearest.file.measurements.lineage.length;
  const base = code(nearest.file.source.variant);
  const from =
    nearest.steps === 0 ? '' : whole ? `${base}, then ` : `steps 1 to ${nearest.steps} of ${base}, then `;
  return `- ${code(source.variant)}: ${from}${rest.length === 0 ? 'nothing more' : rest.join('; ')}`;
}

function commonSteps(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((step, index) => step !== b[index]);
  return differs < 0 ? a.length : differs;
}
