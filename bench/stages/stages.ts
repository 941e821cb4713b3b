/** Sums over all requests that a server has answered so far, seconds. */
export interface Counters {
  readonly count: number;
  readonly queue: number;
  readonly computeInput: number;
  readonly computeInfer: number;
  readonly computeOutput: number;
  /** Batches that were executed, and the rows in them. */
  readonly batches?: { readonly count: number; readonly rows: number };
  /** Requests that were answered without being computed. */
  readonly reused?: Reused;
  /** Decoded request to answer that is to be encoded. */
  readonly request?: number;
  /** First byte to last, with the number of requests it was measured on. */
  readonly transport?: { readonly count: number; readonly seconds: number };
}

/** Requests answered by the run of an identical one, and from the response cache. */
export interface Reused {
  readonly coalesced: number;
  readonly cached: number;
}

/** Where the time of a request went, milliseconds on average. */
export interface Stages {
  /** Reading, decoding, encoding and writing: what the transport took beyond the request. */
  readonly codec?: number;
  readonly queue: number;
  readonly merge: number;
  readonly compute: number;
  readonly split: number;
  /** What else the server's main thread took. */
  readonly other?: number;
  /**
   * What the client saw beyond all that: network, the kernel's queues, the client itself. Undefined where several
   * requests count as one: beyond the mean of them, the slowest one's latency is mostly waiting in the server.
   */
  readonly outside?: number;
}

/** A way to ask a server for its counters. Undefined where it has none. */
export type ReadCounters = () => Promise<Counters | undefined>;

/** The stages between two readings. `latency` is the client's mean of a request, milliseconds, where it is known. */
export function stagesBetween(before: Counters, after: Counters, latency?: number): Stages | undefined {
  const count = after.count - before.count;
  if (count <= 0) return undefined;
  const per = (name: 'queue' | 'computeInput' | 'computeInfer' | 'computeOutput'): number =>
    ((after[name] - before[name]) * 1000) / count;
  const known = {
    queue: per('queue'),
    merge: per('computeInput'),
    compute: per('computeInfer'),
    split: per('computeOutput'),
  };
  const inside = known.queue + known.merge + known.compute + known.split;
  const request = difference(before.request, after.request, count);
  const requests = (after.transport?.count ?? 0) - (before.transport?.count ?? 0);
  const transport = difference(before.transport?.seconds, after.transport?.seconds, requests);
  const codec = request !== undefined && transport !== undefined ? atLeast0(transport - request) : undefined;
  const other = request === undefined ? undefined : atLeast0(request - inside);
  return {
    ...known,
    ...(codec === undefined ? {} : { codec }),
    ...(other === undefined ? {} : { other }),
    ...(latency === undefined ? {} : { outside: atLeast0(latency - inside - (codec ?? 0) - (other ?? 0)) }),
  };
}

/** Rows per executed batch between two readings; undefined where the server does not tell, or none was executed. */
export function batchSizeBetween(before: Counters, after: Counters): number | undefined {
  if (before.batches === undefined || after.batches === undefined) return undefined;
  const count = after.batches.count - before.batches.count;
  return count > 0 ? (after.batches.rows - before.batches.rows) / count : undefined;
}

/**
 * The answers between two readings that were not computed; undefined where there were none, or the server does not
 * tell.
 */
export function reusedBetween({ reused: before }: Counters, { reused: after }: Counters): Reused | undefined {
  if (before === undefined || after === undefined) return undefined;
  // Told from rows that were computed, it is less than none where others sent larger requests meanwhile.
  const coalesced = Math.max(0, Math.round(after.coalesced - before.coalesced));
  const cached = after.cached - before.cached;
  return coalesced + cached > 0 ? { coalesced, cached } : undefined;
}

function difference(
  before: number | undefined,
  after: number | undefined,
  count: number,
): number | undefined {
  if (before === undefined || after === undefined || count <= 0) return undefined;
  return ((after - before) * 1000) / count;
}

const atLeast0 = (value: number): number => Math.max(0, value);
