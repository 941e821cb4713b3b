import type { Load, WindowResult } from '../load/messages.ts';
import { Histogram } from '../statistics/histogram.ts';
import type { Point, WindowFigures } from './result.ts';

/** A request is late when it goes more than this after its time, milliseconds; more than this share spoils a run. */
export const LATE_AFTER = 1;
export const LATE_SHARE = 0.01;

/** Share of an open load's answers that may be missing at the window's end before the server counts as behind. */
const BEHIND_SHARE = 0.1;

export function figuresOf({
  answered,
  rows,
  seconds,
  latency,
  lateness,
  failures,
}: WindowResult): WindowFigures {
  const histogram = Histogram.from(latency);
  return {
    throughput: answered / seconds,
    rows: rows / seconds,
    mean: histogram.mean,
    p50: histogram.quantile(0.5),
    p90: histogram.quantile(0.9),
    p95: histogram.quantile(0.95),
    p99: histogram.quantile(0.99),
    failed: sum(failures),
    ...(lateness === undefined ? {} : { sent: lateness.count / seconds }),
  };
}

/** Several windows of one load as one. */
export function mergeWindows(windows: readonly WindowResult[]): WindowResult {
  const latency = new Histogram();
  const lateness = new Histogram();
  const failures: Record<string, number> = {};
  const models = new Map<string, { answered: number; readonly latency: Histogram }>();
  let [seconds, answered, rows, generatorCpu] = [0, 0, 0, 0];
  for (const each of windows) {
    seconds += each.seconds;
    answered += each.answered;
    rows += each.rows;
    generatorCpu += each.generatorCpu;
    latency.add(each.latency);
    if (each.lateness !== undefined) lateness.add(each.lateness);
    for (const [name, count] of Object.entries(each.failures)) failures[name] = (failures[name] ?? 0) + count;
    for (const [model, part] of Object.entries(each.byModel)) {
      const known = models.get(model) ?? { answered: 0, latency: new Histogram() };
      known.answered += part.answered;
      known.latency.add(part.latency);
      models.set(model, known);
    }
  }
  const messages = Object.assign(
    {},
    ...windows.toReversed().map((each) => each.failureMessages ?? {}),
  ) as Record<string, string>;
  return {
    seconds,
    answered,
    rows,
    failures,
    ...(Object.keys(messages).length === 0 ? {} : { failureMessages: messages }),
    latency: latency.toData(),
    byModel: Object.fromEntries(
      [...models].map(([model, part]) => [model, { ...part, latency: part.latency.toData() }]),
    ),
    ...(lateness.count === 0 ? {} : { lateness: lateness.toData() }),
    ...(windows.some(({ endsConnections }) => endsConnections === true) ? { endsConnections: true } : {}),
    generatorCpu,
  };
}

/** Why figures must not be used; empty where they may. */
export function problemsOf(window: WindowResult): string[] {
  const problems: string[] = [];
  if (window.latency.count === 0) problems.push('no request was answered');
  const share = lateShare(window);
  if (share > LATE_SHARE) {
    problems.push(
      `${(share * 100).toFixed(1)} % of the requests went more than ${LATE_AFTER} ms late: the generator could not keep up`,
    );
  }
  return problems;
}

/**
 * The models of a mix of which a load has no answer: what was measured is another mix. Empty where several requests
 * count as one, which are known by the first of them alone.
 */
export function missingModels({ load, latency, models }: Point, mix: readonly string[]): string[] {
  if (isGrouped(load) || latency.count === 0) return [];
  return mix
    .filter((model) => models[model] === undefined)
    .map(
      (model) =>
        `no request to '${model}' was answered: its share of ${latency.count} answers may be too small`,
    );
}

/** Whether several requests count as one, with the latency of the slowest. */
export const isGrouped = (load: Load): boolean => load.kind === 'closed' && (load.together ?? 1) > 1;

/** What to know about figures that may be used. */
export function notesOf(window: WindowResult): string[] {
  const notes: string[] = [];
  if (window.endsConnections === true) {
    notes.push('the server ended connections: not driven by autocannon, which cannot time that');
  }
  if (isBehind(window)) {
    const { answered, seconds, lateness } = window;
    const [came, went] = [answered, lateness?.count ?? 0].map((count) => (count / seconds).toFixed(1));
    notes.push(`the server did not keep up: ${came} answers/s to ${went} requests/s`);
  }
  return notes;
}

/**
 * Whether too many answers came after the window. A server that keeps up has as many requests out at its begin as at
 * its end, but for chance, so that as many answers come in it as requests of it are answered.
 */
const isBehind = ({ answered, latency: { count } }: WindowResult): boolean =>
  count - answered > count * BEHIND_SHARE + Math.sqrt(count);

/** Share of the requests that went late; 0 for a closed loop. */
export function lateShare({ lateness }: WindowResult): number {
  if (lateness === undefined || lateness.count === 0) return 0;
  return Histogram.from(lateness).above(LATE_AFTER) / lateness.count;
}

export const failedOf = ({ failures }: Pick<WindowResult, 'failures'>): number => sum(failures);

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
