import type { Signature } from '../../src/inference/signature.ts';
import type { Tensor, TensorMap } from '../../src/tensor/tensor.ts';
import { rowsOf } from '../../src/workers/rows.ts';
import { sampleInputs } from '../../src/workers/sample-inputs.ts';
import { uniform } from '../statistics/random.ts';
import type { BenchRequest } from '../targets/target.ts';
import { DISTINCT, drawLength, type Lengths } from './lengths.ts';

/** What is sent to one model. */
export interface Traffic {
  readonly model: string;
  readonly version?: string;
  /** Share of all requests, relative to the other models'. */
  readonly weight: number;
  /** Rows in each request; texts, where a task is sent them. */
  readonly rows: number;
  readonly lengths: Lengths;
  /** Whole numbers stay below this (vocabularies). */
  readonly largestId: number;
  /** Sent to BYTES inputs and to tasks in place of random words. */
  readonly texts?: readonly string[];
}

/** What of its traffic a model's requests are made from. */
export interface Read {
  /** Some input is BYTES, or the texts are sent as they are (a task). */
  readonly texts: boolean;
  /** Some dimension after the batch is symbolic. */
  readonly lengths: boolean;
  /** Some input takes whole numbers. */
  readonly largestId: boolean;
}

export function readOf({ inputs }: Signature, isTask: boolean): Read {
  if (isTask) return { texts: true, lengths: false, largestId: false };
  return {
    texts: inputs.some(({ datatype }) => datatype === 'BYTES'),
    lengths: inputs.some(({ dims }) => dims.slice(1).some((dim) => typeof dim !== 'number')),
    largestId: inputs.some(({ datatype }) => /INT/.test(datatype)),
  };
}

/** Distinct requests of one model together, bytes: large ones are fewer. */
const MEMORY = 8 * 2 ** 20;

/**
 * Distinct random requests for a signature; the same seed gives the same ones. Throws where the model takes no more
 * than one row at a time and more are asked for: they would be counted and not sent.
 */
export function makeRequests(traffic: Traffic, signature: Signature, seed: number): BenchRequest[] {
  const random = uniform(seed);
  const { model, version, rows, texts } = traffic;
  const requests: BenchRequest[] = [];
  let bytes = 0;
  while (requests.length < DISTINCT && bytes < MEMORY) {
    const length = drawLength(traffic.lengths, random);
    const inputs = sampleInputs(signature, rows, {
      seed: seed + requests.length,
      length,
      largestId: traffic.largestId,
    });
    if (rowsOf(inputs, signature) !== rows) throw new Error(oneRowText(traffic, signature));
    const draw = drawFrom(texts ?? [], random);
    const chosen = texts === undefined ? undefined : Array.from({ length: rows }, draw);
    requests.push({
      model,
      ...(version === undefined ? {} : { version }),
      rows,
      inputs: chosen === undefined ? inputs : withTexts(inputs, draw),
      ...(chosen === undefined ? {} : { texts: chosen }),
    });
    for (const { data } of inputs.values()) bytes += data.length * 8;
  }
  return requests;
}

function oneRowText({ model, rows }: Traffic, { inputs: [first] }: Signature): string {
  const shape = (first?.dims ?? []).map((dim) => (typeof dim === 'number' ? dim : -1)).join(',');
  return `--rows is ${rows}, but model '${model}' takes one row at a time: its input '${first?.name}' has the shape [${shape}], whose first dimension does not vary`;
}

const drawFrom = (texts: readonly string[], random: () => number) => (): string =>
  texts[Math.floor(random() * texts.length)] ?? '';

const withTexts = (inputs: TensorMap, draw: () => string): TensorMap =>
  new Map(
    [...inputs].map(([name, tensor]): [string, Tensor] => [
      name,
      tensor.datatype === 'BYTES'
        ? { ...tensor, data: Array.from({ length: tensor.data.length }, draw) }
        : tensor,
    ]),
  );

/** Turns in the order of a mix at most. */
const MOST_TURNS = 2 ** 20;

/** The smallest share of all requests that a model of a mix can have. */
export const SMALLEST_SHARE = 1 / MOST_TURNS;

/**
 * One order for the requests of several models, in which each model has its share and none is bunched: the next one
 * is always that whose share is furthest behind. It lasts until the rarest model has sent all it has.
 */
export function interleave<Request>(
  lists: readonly (readonly Request[])[],
  weights: readonly number[],
): Request[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const until = weights.map((weight, index) => ((lists[index]?.length ?? 0) * total) / weight);
  const turns = Math.min(MOST_TURNS, Math.ceil(Math.max(...until)));
  const taken = lists.map(() => 0);
  const order: Request[] = [];
  for (let turn = 1; turn <= turns; turn++) {
    let chosen = 0;
    let furthest = Number.NEGATIVE_INFINITY;
    for (const [index, weight] of weights.entries()) {
      const behind = (turn * weight) / total - (taken[index] ?? 0);
      if (behind > furthest) [chosen, furthest] = [index, behind];
    }
    const list = lists[chosen] ?? [];
    const request = list[(taken[chosen] ?? 0) % list.length];
    if (request !== undefined) order.push(request);
    taken[chosen] = (taken[chosen] ?? 0) + 1;
  }
  return order;
}
