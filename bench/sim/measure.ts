import type { Node, SimResult } from './simulate.ts';
import type { SimRequest } from './workload.ts';

/** An answer may be this much later than its time allowed and still count as on time. */
const TOLERANCE = 0.05;

export interface Measures {
  readonly offered: number;
  /** Answers on time per second of the horizon. */
  readonly goodput: number;
  /** Answers on time over requests offered. */
  readonly onTime: number;
  /** Sum of the accuracies of the answers on time over requests offered. */
  readonly effectiveAccuracy: number;
  /** Mean accuracy of the answers on time. */
  readonly accuracy: number;
  /** Answers that came after their deadline, over all answers. */
  readonly late: number;
  /** Answers that were late by more than 5 % of the time allowed, over all answers. */
  readonly veryLate: number;
  readonly refused: number;
  /** Accepted, then dropped unexecuted; over requests offered. */
  readonly dropped: number;
  /** Milliseconds from arrival to answer. */
  readonly p50: number;
  readonly p99: number;
  readonly meanBatch: number;
  /** Share of the computed cells that was padding. */
  readonly padding: number;
}

export function measure(
  node: Node,
  requests: readonly SimRequest[],
  result: SimResult,
  horizon: number,
): Measures {
  let good = 0;
  let accuracy = 0;
  let answered = 0;
  let late = 0;
  let veryLate = 0;
  let refused = 0;
  let dropped = 0;
  let cells = 0;
  const waits: number[] = [];
  for (const [index, { fate, variant, endedAt }] of result.outcomes.entries()) {
    const { acceptedAt, due, tokens } = requests[index] as SimRequest;
    if (fate === 'refused') refused += 1;
    else if (fate === 'dropped') dropped += 1;
    else {
      answered += 1;
      cells += tokens;
      waits.push(endedAt - acceptedAt);
      if (endedAt <= due) {
        good += 1;
        accuracy += node.variants[variant]?.accuracy ?? 0;
      } else {
        late += 1;
        if (endedAt > due + TOLERANCE * (due - acceptedAt)) veryLate += 1;
      }
    }
  }
  waits.sort((a, b) => a - b);
  const computed = result.batches.reduce((sum, { rows, length }) => sum + rows * length, 0);
  const offered = requests.length;
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : 0);
  return {
    offered,
    goodput: (good / horizon) * 1000,
    onTime: share(good, offered),
    effectiveAccuracy: share(accuracy, offered),
    accuracy: share(accuracy, good),
    late: share(late, answered),
    veryLate: share(veryLate, answered),
    refused: share(refused, offered),
    dropped: share(dropped, offered),
    p50: waits[Math.floor(waits.length * 0.5)] ?? 0,
    p99: waits[Math.floor(waits.length * 0.99)] ?? 0,
    meanBatch: share(answered, result.batches.length),
    padding: 1 - share(cells, computed),
  };
}
