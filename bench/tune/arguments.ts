import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/config.ts';
import { number, numbers, oneOf } from '../command/flag-values.ts';
import { type Lengths, parseLengths } from '../inputs/lengths.ts';
import type { Protocol } from '../targets/target.ts';

/** What `sluice tune` is asked for, checked. */
export interface TuneArguments {
  /** `name` or `name@variant`. */
  readonly model: string;
  readonly repository: string;
  /** Bound of the 99th percentile, milliseconds. */
  readonly bound: number;
  readonly concurrencies: readonly number[];
  /** Milliseconds. */
  readonly budget: number;
  readonly seed: number;
  readonly protocol: Protocol;
  readonly rows: number;
  /** Undefined: as the bench's texts are long, where the model has a tokenizer. */
  readonly lengths: Lengths | undefined;
  readonly largestId: number | undefined;
  readonly texts: string | undefined;
  readonly write: boolean;
  readonly json: string | undefined;
  readonly svg: string | undefined;
}

/** The shortest race that is one, seconds. */
const LEAST_BUDGET = 10;

/** No server takes more connections of one client than this. */
const MOST_CONCURRENCY = 1024;

const PROTOCOLS = ['rest-binary', 'rest-json', 'grpc', 'grpc-stream'] as const satisfies readonly Protocol[];

const FLAGS: Readonly<Record<string, { readonly default?: string; readonly help: string }>> = {
  model: { help: 'Model to tune: NAME for its default variant, or NAME@VARIANT. Needed.' },
  repository: { help: 'Repository that holds it; where serve finds it, when left out.' },
  'latency-ms': { default: '100', help: 'Bound of the 99th percentile, milliseconds.' },
  concurrency: {
    default: '32',
    help: 'Requests out at once (closed loop); several with commas: what counts is the best of those within the bound.',
  },
  budget: { default: '60', help: `Seconds the search may take, at least ${LEAST_BUDGET}.` },
  seed: { default: '1', help: 'Seed of inputs, choice and order.' },
  protocol: { default: 'rest-binary', help: `${PROTOCOLS.join(', ')}.` },
  rows: { default: '1', help: 'Rows per request.' },
  length: {
    help: 'Size of symbolic dimensions after the batch, as for bench. Left out: as long as questions are in tokens, else 32.',
  },
  'largest-id': { help: 'Whole numbers of inputs stay below this. Left out: the vocabulary, else 1000.' },
  texts: { help: 'File of texts, one a line, for BYTES inputs and for the lengths in tokens.' },
  json: { help: 'Write the result to this file.' },
  svg: { help: 'Write the picture of throughput against latency to this file.' },
};

export const HELP = `Usage: sluice tune --model NAME [settings] [--write]

Finds instances, intraOpThreads, maxBatchSize and maxQueueDelayMicroseconds for a model: the most rows per second with
the 99th percentile within a bound, by a race of measured configurations. The defaults take part to the end.

${Object.entries(FLAGS)
  .map(
    ([name, flag]) =>
      `  --${name.padEnd(14)} ${flag.help}${flag.default === undefined ? '' : ` Default: ${flag.default}.`}`,
  )
  .join('\n')}
  --write          Write the winner's keys into model.json, if it is better than the defaults beyond the noise.

Exits with 0, or with 1 where no configuration keeps the bound or requests failed.
`;

/** Throws with the flag's name and the limit where a value does not fit. */
export function parseTuneArguments(argv: readonly string[]): TuneArguments {
  const options = {
    ...Object.fromEntries(Object.keys(FLAGS).map((name) => [name, { type: 'string' } as const])),
    write: { type: 'boolean' } as const,
  };
  const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
  const optional = (name: string): string | undefined => {
    const value: unknown = Object.hasOwn(values, name) ? Reflect.get(values, name) : undefined;
    return typeof value === 'string' ? value : FLAGS[name]?.default;
  };
  const text = (name: string): string => optional(name) ?? '';
  const model = optional('model');
  if (model === undefined || model === '') throw new Error('--model is needed');
  const budget = number('budget', text('budget'));
  if (budget < LEAST_BUDGET) {
    throw new Error(`--budget is '${text('budget')}', it must be at least ${LEAST_BUDGET} seconds`);
  }
  const concurrencies = numbers('concurrency', text('concurrency'), { whole: true });
  const tooMany = concurrencies.find((each) => each > MOST_CONCURRENCY);
  if (tooMany !== undefined) {
    throw new Error(`--concurrency is '${tooMany}', it must be at most ${MOST_CONCURRENCY}`);
  }
  const [length, largestId] = [optional('length'), optional('largest-id')];
  return {
    model,
    repository: optional('repository') ?? loadConfig().modelRepository,
    bound: number('latency-ms', text('latency-ms')),
    concurrencies: [...new Set(concurrencies)],
    budget: budget * 1000,
    seed: number('seed', text('seed'), { whole: true, zero: true }),
    protocol: oneOf('protocol', text('protocol'), PROTOCOLS),
    rows: number('rows', text('rows'), { whole: true }),
    lengths: length === undefined ? undefined : parseLengths(length),
    largestId: largestId === undefined ? undefined : number('largest-id', largestId, { whole: true }),
    texts: optional('texts'),
    write: values.write === true,
    json: optional('json'),
    svg: optional('svg'),
  };
}
