import type { Load, WindowResult } from '../load/messages.ts';
import { Histogram } from '../statistics/histogram.ts';

/**
 * Mean latencies that a window of a closed load lasts at least. Only whole answers count, and the lanes begin together:
 * each may have one answer more or less than its share, which is then one in twenty.
 */
const LEAST_LATENCIES = 20;

/** What a window is lengthened to: somewhat more, or a mean that is a little longer would lengthen it again. */
const WANTED_LATENCIES = 24;

/** Milliseconds: no window is lengthened beyond this. */
const LONGEST_WINDOW = 60_000;

/** How far throughput times latency may be from the concurrency, which it is by Little's law. */
const WITHIN = 0.05;

/**
 * Milliseconds that windows of a closed load have to last after one of `duration` milliseconds that was too short for
 * its answers; undefined where it was not, or where there is no longer one.
 */
export function longerWindow(load: Load, result: WindowResult, duration: number): number | undefined {
  // What is left unanswered, or only fails, is no longer in a longer window.
  if (load.kind === 'open' || (result.latency.count === 0 && hasFailures(result))) return undefined;
  const latency = result.latency.count === 0 ? duration : Histogram.from(result.latency).mean;
  const longer = Math.min(LONGEST_WINDOW, latency * WANTED_LATENCIES);
  return duration < latency * LEAST_LATENCIES && duration < longer ? longer : undefined;
}

export interface LittleRemarks {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/**
 * What to say where a closed load's throughput and latency contradict each other: a problem where the windows were too
 * short for the answers, so that chance decided how many of them fell inside; else a note, as the time is the
 * generator's, or that of a few answers far slower than the mean. Nothing is known of loads with failures, whose time
 * is in no latency.
 */
export function littleRemarks(load: Load, windows: readonly WindowResult[]): LittleRemarks {
  const nothing = { problems: [], notes: [] };
  if (load.kind === 'open' || windows.some(hasFailures)) return nothing;
  const latency = new Histogram();
  for (const each of windows) latency.add(each.latency);
  const seconds = windows.reduce((sum, each) => sum + each.seconds, 0);
  const out = (latency.count * latency.mean) / 1000 / seconds;
  if (!(Math.abs(out / load.concurrency - 1) > WITHIN)) return nothing;
  const law = `by throughput and latency ${out.toFixed(2)} requests were out at once, not ${load.concurrency}`;
  const window = (seconds * 1000) / windows.length;
  if (window >= latency.mean * LEAST_LATENCIES) return { problems: [], notes: [law] };
  const [length, mean] = [window, latency.mean].map((each) => each.toFixed(0));
  return {
    problems: [`windows of ${length} ms are too short for answers of ${mean} ms: ${law}`],
    notes: [],
  };
}

const hasFailures = ({ failures }: WindowResult): boolean => Object.keys(failures).length > 0;
