import type { BatchRecord, DispatchReason } from '../inference/observer.ts';
import type { RunOptions, RunResult, SlottedRunner } from '../inference/runner.ts';
import type { Timings } from '../inference/timings.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import type { Clock } from './clock.ts';
import { mergeInputs, type Padded, splitOutputs } from './merge-split.ts';
import type { Entry } from './pending-request.ts';

/** What a batch is made of. */
export interface BatchMember {
  readonly inputs: TensorMap;
  readonly rows: number;
  /** Size of the padded axis. */
  readonly length?: number;
  readonly acceptedAt: number;
  readonly request: { readonly outputs: readonly string[] | undefined };
}

/** Entries that left the queue together. */
export interface Batch<Member extends BatchMember = Entry> {
  readonly entries: readonly Member[];
  readonly rows: number;
  readonly reason: DispatchReason;
  /** On the batcher's clock, milliseconds. */
  readonly startedAt: number;
  /** Nothing was left in the queue. */
  readonly alone: boolean;
}

export interface BatchAnswer {
  /** One for each entry, in order. */
  readonly results: readonly RunResult[];
  /** Of the batch: the queue time is that of the entry that waited longest. */
  readonly timings: Timings;
  /** It ran unlike others: what it took says nothing about them. */
  readonly apart: boolean;
}

/** What is known of a run when its results are gone. */
export type Ran = Omit<BatchAnswer, 'results'>;

/**
 * Merges a batch, runs it and cuts the outputs. Takes the runner's slot before it returns. Merging counts to compute
 * input and so does what the runner waited after it had taken the slot; cutting counts to compute output. Rejects with
 * whatever went wrong, and with `internal` when the outputs are not one row for each row.
 */
export async function runBatch(
  batch: Batch<BatchMember>,
  runner: SlottedRunner,
  clock: Clock,
  padded?: Padded,
): Promise<BatchAnswer> {
  const { entries, rows, startedAt, alone } = batch;
  const inputs = mergeInputs(
    entries.map((entry) => entry.inputs),
    rows,
    (byteLength) => runner.allocate(byteLength),
    padded,
  );
  const mergeTime = clock.now() - startedAt;
  const requested = entries[0]?.request.outputs;
  const options: RunOptions = requested === undefined ? { alone } : { alone, outputs: requested };
  const { outputs, timings, apart = false } = await runner.run(inputs, options);
  const start = clock.now();
  const sizes = entries.map((entry) => entry.rows);
  const cut = padded && { names: padded.outputs, lengths: entries.map(({ length }) => length ?? 1) };
  const parts = entries.length === 1 ? [outputs] : splitOutputs(outputs, sizes, rows, cut);
  const computeInput = mergeTime + timings.queue + timings.computeInput;
  const { computeInfer } = timings;
  const computeOutput = timings.computeOutput + clock.now() - start;
  const withQueue = (queue: number): Timings => ({ queue, computeInput, computeInfer, computeOutput });
  return {
    results: entries.map(({ acceptedAt }, index) => ({
      outputs: parts[index] ?? outputs,
      timings: withQueue(startedAt - acceptedAt),
      batchSize: rows,
    })),
    timings: withQueue(longestQueue(batch)),
    apart,
  };
}

/** What the observer of its lane is told of a batch that was answered. */
export const recordOf = (batch: Batch<BatchMember>, timings: Timings, padded?: Padded): BatchRecord => ({
  rows: batch.rows,
  requests: batch.entries.length,
  reason: batch.reason,
  timings,
  failed: false,
  ...(padded && { padded: paddingOf(batch) }),
});

/** Rows times the longest length of a batch, and what of it is padding. */
function paddingOf({ entries, rows }: Batch<BatchMember>): { tokens: number; padding: number } {
  let [longest, own] = [0, 0];
  for (const { rows: count, length = 1 } of entries) {
    longest = Math.max(longest, length);
    own += count * length;
  }
  const tokens = rows * longest;
  return { tokens, padding: tokens - own };
}

/** Milliseconds the entry of the batch that was accepted first has waited. */
export const longestQueue = ({ entries, startedAt }: Batch<BatchMember>): number =>
  entries.reduce((longest, { acceptedAt }) => Math.max(longest, startedAt - acceptedAt), 0);
