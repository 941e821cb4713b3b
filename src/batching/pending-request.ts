import { fromUnknown, type InferenceError } from '../errors.ts';
import type { CancelSignal } from '../inference/cancellation.ts';
import type { RunResult, VariantChoice } from '../inference/runner.ts';
import type { Timings } from '../inference/timings.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { joinOutputs } from './merge-split.ts';
import type { KeyQueue } from './request-queue.ts';

/**
 * One accepted run: a promise, and the entries it waits for (one, or several where it is larger than a batch). Settles
 * exactly once, when its last entry has ended, so that nothing reads its inputs after that.
 */
export class PendingRequest<Piece extends { readonly rows: number } = Entry> {
  readonly outputs: readonly string[] | undefined;
  readonly signal: CancelSignal | undefined;
  readonly priority: number;
  readonly acceptedAt: number;
  /** Infinity for none. */
  readonly deadline: number;
  readonly promise: Promise<RunResult>;
  entries: readonly Piece[] = [];
  /** Why it fails; its queued entries are gone then, running ones end first. */
  error: InferenceError | undefined;

  readonly #onAbort: (request: PendingRequest<Piece>) => void;
  readonly #resolve: (result: RunResult) => void;
  readonly #reject: (error: InferenceError) => void;
  readonly #results: RunResult[] = [];
  #ended = 0;

  constructor(
    fields: Pick<PendingRequest, 'outputs' | 'signal' | 'priority' | 'acceptedAt' | 'deadline'>,
    onAbort: (request: PendingRequest<Piece>) => void,
  ) {
    this.outputs = fields.outputs;
    this.signal = fields.signal;
    this.priority = fields.priority;
    this.acceptedAt = fields.acceptedAt;
    this.deadline = fields.deadline;
    this.#onAbort = onAbort;
    const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.signal?.addEventListener('abort', this);
  }

  /** The signal's listener: the request itself, so that it costs no closure. */
  handleEvent(): void {
    this.#onAbort(this);
  }

  /** One entry is answered, has failed (`error` is set) or was dropped. Returns whether that settled the request. */
  entryEnded(piece: number, result?: RunResult): boolean {
    if (result !== undefined) this.#results[piece] = result;
    this.#ended += 1;
    if (this.#ended < this.entries.length) return false;
    this.signal?.removeEventListener('abort', this);
    if (this.error !== undefined) this.#reject(this.error);
    else this.#answer();
    return true;
  }

  #answer(): void {
    try {
      this.#resolve(joinResults(this.#results, this.entries));
    } catch (error) {
      this.#reject(fromUnknown(error));
    }
  }
}

/** Rows that run together and are answered together: a request, or a piece of one. */
export class Entry {
  readonly request: PendingRequest;
  /** Index among the request's entries. */
  readonly piece: number;
  readonly inputs: TensorMap;
  readonly rows: number;
  readonly rank: number;
  /** Order of arrival; decides between equal ranks. */
  readonly sequence: number;
  readonly priority: number;
  readonly acceptedAt: number;
  readonly deadline: number;
  /** Where it waits; undefined while it runs and after. Kept by the queue, as are the two places below. */
  queue: KeyQueue | undefined;
  place = -1;
  deadlinePlace = -1;

  constructor(
    request: PendingRequest,
    { piece, inputs, rows, rank, sequence }: Pick<Entry, 'piece' | 'inputs' | 'rows' | 'rank' | 'sequence'>,
  ) {
    this.request = request;
    this.piece = piece;
    this.inputs = inputs;
    this.rows = rows;
    this.rank = rank;
    this.sequence = sequence;
    this.priority = request.priority;
    this.acceptedAt = request.acceptedAt;
    this.deadline = request.deadline;
    this.queue = undefined;
  }
}

/**
 * Outputs one after the other; waiting is the first piece's, work that of all, the batch size the largest, the variant
 * the least accurate: what an answer says of its accuracy holds for all of it.
 */
function joinResults(
  results: readonly RunResult[],
  entries: readonly { readonly rows: number }[],
): RunResult {
  const [only] = results;
  if (results.length === 1 && only !== undefined) return only;
  const rows = entries.map((entry) => entry.rows);
  const total = (part: keyof Timings) => results.reduce((sum, { timings }) => sum + timings[part], 0);
  return {
    outputs: joinOutputs(
      results.map(({ outputs }) => outputs),
      rows,
    ),
    timings: {
      queue: Math.min(...results.map(({ timings }) => timings.queue)),
      computeInput: total('computeInput'),
      computeInfer: total('computeInfer'),
      computeOutput: total('computeOutput'),
    },
    batchSize: Math.max(...results.map(({ batchSize }) => batchSize)),
    ...joinChoices(results),
  };
}

function joinChoices(results: readonly RunResult[]): Pick<RunResult, 'choice' | 'mixed'> {
  const choices = results.flatMap(({ choice }) => (choice === undefined ? [] : [choice]));
  const [first] = choices;
  if (first === undefined) return {};
  const least = choices.reduce((found, each) => (accuracyOf(each) < accuracyOf(found) ? each : found));
  const choice = { ...least, predicted: choices.reduce((sum, { predicted = 0 }) => sum + predicted, 0) };
  return choices.every(({ variant }) => variant === first.variant) ? { choice } : { choice, mixed: true };
}

const accuracyOf = ({ accuracy = 0 }: VariantChoice): number => accuracy;
