import type { Terms } from '../inference/runner.ts';
import type { Block, Entry } from '../scheduling/entry.ts';
import { byteLength, type TensorMap } from '../tensor/tensor.ts';
import { batchShape } from './batch-key.ts';
import type { ScheduledBatcherOptions, ScheduleSettings } from './batch-lane.ts';
import { sliceRows } from './merge-split.ts';
import type { PendingRequest } from './pending-request.ts';

/** What an entry is made of. */
export interface EntryFields {
  readonly request: PendingRequest<ScheduledEntry>;
  /** Index among the request's entries. */
  readonly piece: number;
  readonly inputs: TensorMap;
  readonly rows: number;
  readonly length: number;
  readonly key: string;
  /** Bit i: the lane with index i may answer. */
  readonly allowed: number;
  readonly terms: Terms;
  /** What is planned for: the deadline less a margin. */
  readonly due: number;
  /** It has no deadline of its own. */
  readonly patient: boolean;
}

/** Rows that run together and are answered together: a request, or a piece of one, as the scheduler sees it. */
export class ScheduledEntry implements Entry {
  readonly request: PendingRequest<ScheduledEntry>;
  readonly piece: number;
  readonly inputs: TensorMap;
  readonly rows: number;
  readonly length: number;
  readonly key: string;
  readonly allowed: number;
  readonly patient: boolean;
  readonly acceptedAt: number;
  /** What is planned for: that of the request less a margin. */
  readonly deadline: number;
  readonly priority: number;
  readonly client: string;
  readonly route: Terms['route'];
  readonly preference: Terms['preference'];
  readonly bytes: number;
  readonly bodyBytes: number | undefined;
  weight = 1;
  demand = 0;
  latest = 0;
  batch = 0;
  startBy = Infinity;
  taken = false;
  sequence = 0;
  block: Block | undefined = undefined;
  /** The scheduler has taken it. */
  accepted = false;

  constructor({ request, piece, inputs, rows, length, key, allowed, terms, due, patient }: EntryFields) {
    this.request = request;
    this.piece = piece;
    this.inputs = inputs;
    this.rows = rows;
    this.length = length;
    this.key = key;
    this.allowed = allowed;
    this.patient = patient;
    this.acceptedAt = request.acceptedAt;
    this.deadline = due;
    this.priority = request.priority;
    this.client = terms.client;
    this.route = terms.route;
    this.preference = terms.preference;
    let bytes = 0;
    for (const tensor of inputs.values()) bytes += byteLength(tensor);
    this.bytes = bytes;
    this.bodyBytes = terms.bodyBytes;
  }
}

/**
 * When a request without a deadline of its own has to be answered. Each lower priority counts as if it had come the time
 * later that a standing queue may keep anybody waiting: the first goes first, and nobody is passed for ever.
 */
export const patientDue = (
  { deadline, priority }: Pick<PendingRequest, 'deadline' | 'priority'>,
  { sojourn }: Pick<ScheduleSettings, 'sojourn'>,
): number => deadline + (priority - 1) * sojourn.target;

/** Makes a batch key that no other entry has. */
let alone = 0;

/**
 * The entries of a request: one, or several that share its fate where it is larger than a batch.
 * @param asked any of the variants where left out
 * @param due when it has to be answered, and whether that is not its own deadline
 */
export function entriesOf(
  request: PendingRequest<ScheduledEntry>,
  inputs: TensorMap,
  asked: Terms | undefined,
  { due, patient }: { readonly due: number; readonly patient: boolean },
  { lanes, signature, batching, padded }: ScheduledBatcherOptions,
): ScheduledEntry[] {
  const shape = batchShape(inputs, request.outputs, signature, batching.maxBatchSize, padded?.inputs);
  const { rows, length, key = `alone ${alone++}` } = shape;
  const terms = asked ?? ANY;
  let allowed = 0;
  let limit = Infinity;
  for (const lane of lanes) {
    if (terms === ANY || terms.variants.includes(lane.variant)) allowed |= 1 << lane.index;
    limit = Math.min(limit, lane.maxBatchSize);
  }
  const whole = { request, piece: 0, inputs, rows, length, key, allowed, terms, due, patient };
  if (shape.key === undefined || rows <= limit) return [new ScheduledEntry(whole)];
  return Array.from({ length: Math.ceil(rows / limit) }, (_, piece) => {
    const start = piece * limit;
    const end = Math.min(start + limit, rows);
    return new ScheduledEntry({ ...whole, piece, inputs: sliceRows(inputs, start, end), rows: end - start });
  });
}

/** The terms of a run that says nothing of them: any of the variants. */
const ANY: Terms = { variants: [], route: 'free', preference: 'accuracy', client: '' };
