import { dirname } from 'node:path';
import { messageOf } from '../errors.ts';
import { verifyChecksum } from '../repository/checksum.ts';
import type { MeasuredFile, MeasuredVersion } from '../repository/measured-versions.ts';
import { MEASURED_BATCHES, type MeasuredBatch, speedUp } from '../repository/measurements.ts';
import { openExportFolder } from '../tasks/export-folder.ts';
import { taskOfExport } from '../tasks/task-of-export.ts';

/** `unknown`: variants.json names none. */
export type ChecksumState = 'ok' | 'wrong' | 'unknown';

/** One line of `sluice models`; null where nobody measured or named it. */
export interface VariantRow {
  readonly model: string;
  readonly version: string;
  readonly variant: string;
  readonly default: boolean;
  readonly task: string | null;
  readonly file: string;
  readonly precision: string | null;
  /** Fraction of right answers, 0 to 1. */
  readonly accuracy: number | null;
  /** Of the file, with its external data. */
  readonly bytes: number;
  /** Milliseconds of a batch, by its size. */
  readonly ms: Readonly<Record<MeasuredBatch, number | null>>;
  /** Times faster than the default variant, at a batch of 16. */
  readonly speedup: number | null;
  readonly sha256: ChecksumState;
  /** Why it cannot be loaded; empty when nothing speaks against it. */
  readonly problem: string;
}

/** The rows of all versions; every file that variants.json has a sha256 of is read whole, one after the other. */
export async function variantRows(versions: readonly MeasuredVersion[]): Promise<VariantRow[]> {
  const rows: VariantRow[] = [];
  for (const version of versions) {
    const task = await taskOf(version);
    for (const file of version.files) rows.push({ ...(await rowOf(version, file)), task });
  }
  return rows;
}

/**
 * The task that is named, else the one the files beside the graph tell; a fault in those is told when they are served.
 */
async function taskOf({ model, task, files }: MeasuredVersion): Promise<string | null> {
  const path = files.find(({ source }) => source.path !== '')?.source.path;
  if (task !== undefined || path === undefined) return task ?? null;
  const found = await taskOfExport(openExportFolder(model, dirname(path))).catch(() => undefined);
  return found ?? null;
}

async function rowOf(version: MeasuredVersion, file: MeasuredFile): Promise<Omit<VariantRow, 'task'>> {
  const { source, measurements } = file;
  const main = version.files.find((each) => each.source.variant === version.defaultVariant);
  const { state, problem } = await checksumOf(file);
  const ms = MEASURED_BATCHES.map((batch) => [batch, measurements.latency.ms?.[batch] ?? null] as const);
  return {
    model: version.model,
    version: version.version,
    variant: source.variant,
    default: main === file,
    file: source.name,
    precision: file.precision ?? null,
    accuracy: file.accuracy ?? null,
    bytes: source.bytes,
    ms: Object.fromEntries(ms) as Record<MeasuredBatch, number | null>,
    speedup: (main && speedUp(measurements.latency, main.measurements.latency)) ?? null,
    sha256: state,
    problem,
  };
}

async function checksumOf({
  source,
}: MeasuredFile): Promise<{ readonly state: ChecksumState; readonly problem: string }> {
  const problem = source.problem ?? '';
  if (source.sha256 === undefined || problem !== '') return { state: 'unknown', problem };
  try {
    await verifyChecksum(source, new AbortController().signal);
    return { state: 'ok', problem };
  } catch (error) {
    return { state: 'wrong', problem: messageOf(error) };
  }
}
