import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/config.ts';
import { type Lengths, parseLengths } from '../inputs/lengths.ts';
import { SMALLEST_SHARE } from '../inputs/requests.ts';
import { parseArrivals } from '../load/arrivals.ts';
import { SCENARIOS, type Scenario } from '../suite/result.ts';
import { PROTOCOLS, type Protocol } from '../targets/target.ts';
import { distinct, number, numbers, oneOf } from './flag-values.ts';

/** What the command line asks for, checked. Times in milliseconds. */
export interface BenchArguments {
  /** Undefined: this server is started for the run. */
  readonly address: string | undefined;
  readonly admin: string | undefined;
  readonly repository: string;
  readonly protocol: Protocol;
  readonly models: readonly { readonly name: string; readonly weight: number }[];
  readonly scenarios: readonly Scenario[];
  readonly concurrencies: readonly number[];
  readonly rates: readonly number[];
  readonly arrivals: string;
  readonly bound: number;
  readonly rows: number;
  readonly lengths: Lengths;
  readonly largestId: number;
  readonly texts: string | undefined;
  readonly window: number;
  readonly warmUp: number;
  readonly mostWindows: number;
  readonly seed: number;
  readonly onnx: string | undefined;
  readonly sessions: number | undefined;
  readonly files: { readonly json?: string; readonly csv?: string; readonly html?: string };
}

interface Flag {
  readonly default?: string;
  readonly help: string;
}

/** Every flag with its default; the help is made from it. */
const FLAGS: Readonly<Record<string, Flag>> = {
  address: {
    help: 'Server to measure, http://host:port or host:port of gRPC. This server is started when left out.',
  },
  admin: { help: 'Address of the metrics of a sluice server, for where the time went.' },
  'model-repository': {
    help: 'Repository that is served when no address is given; where serve finds it, when left out.',
  },
  protocol: { default: 'rest-binary', help: `${PROTOCOLS.join(', ')}.` },
  model: { help: 'Model to measure; NAME=WEIGHT several times for a mix. Needed.' },
  scenario: { default: 'concurrency', help: `${SCENARIOS.join(', ')}; several with commas.` },
  concurrency: { default: '1,8,32', help: 'Requests out at once, in scenario concurrency.' },
  rate: { default: '10,50,100', help: 'Requests per second, in scenario rate.' },
  arrivals: {
    default: 'poisson',
    help: 'constant, poisson, gamma:CV or burst:FACTOR:CALM:BURST, in scenario rate.',
  },
  bound: { default: '100', help: 'Bound of the 99th percentile in scenario server, milliseconds.' },
  rows: { default: '1', help: 'Rows per request; texts, with protocol task.' },
  length: {
    default: '32',
    help: 'Size of symbolic dimensions after the batch: a number, uniform:A:B, lognormal:MEDIAN:SIGMA:MOST, exponential:MEAN:MOST.',
  },
  'largest-id': { default: '1000', help: 'Whole numbers of inputs stay below this.' },
  texts: { help: 'File of texts, one a line, for BYTES inputs and protocol task, which needs it.' },
  window: {
    default: '5000',
    help: 'Length of a window, milliseconds. In a closed loop 20 mean latencies at least, up to a minute.',
  },
  'warm-up': { default: '1000', help: 'Load before the first window, milliseconds.' },
  windows: {
    default: '10',
    help: 'Windows per load at most, without those that were too short; fewer when three in a row agree.',
  },
  seed: { default: '1', help: 'Seed of inputs and arrivals.' },
  onnx: {
    help: 'Model file to measure the ceiling with, of one model without texts; found in the repository when no address is given.',
  },
  sessions: { help: 'Sessions of the ceiling; as many as cores, 16 at most, when left out.' },
  json: { help: 'Write the result to this file.' },
  csv: { help: "Write perf_analyzer's table of the valid loads to this file." },
  html: { help: 'Write the report to this file.' },
};

/** Milliseconds, ten hours: a window and its warm-up end within the day for which autocannon is told to run. */
const LONGEST = 36_000_000;

/** Milliseconds: the windows of the search, which last twenty times the bound, are then no longer. */
const LARGEST_BOUND = 1_800_000;

/** The scenario that alone reads a flag. */
const SCENARIO_OF: Readonly<Record<string, Scenario>> = {
  concurrency: 'concurrency',
  rate: 'rate',
  arrivals: 'rate',
  bound: 'server',
};

export const HELP = `Usage: sluice bench --model NAME [settings]
       sluice bench compare BEFORE.json AFTER.json [--tolerance SHARE]

Load-tests this server, or any server of the Open Inference Protocol.

${Object.entries(FLAGS)
  .map(
    ([name, flag]) =>
      `  --${name.padEnd(18)} ${flag.help}${flag.default === undefined ? '' : ` Default: ${flag.default}.`}`,
  )
  .join('\n')}
`;

/** Throws with the flag's name where a value does not fit. */
export function parseArguments(argv: readonly string[]): BenchArguments {
  const options = Object.fromEntries(
    Object.keys(FLAGS).map((name) => [name, { type: 'string', multiple: name === 'model' } as const]),
  );
  const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
  const optional = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : FLAGS[name]?.default;
  };
  const text = (name: string): string => optional(name) ?? '';
  const models = [values['model'] ?? []].flat().map((each) => parseModel(String(each)));
  checkShares(models);
  const names = text('scenario').split(',');
  const scenarios = distinct(
    'scenario',
    names.map((name) => oneOf('scenario', name, SCENARIOS)),
  );
  const unread = Object.keys(values).find((name) => !isRead(name, scenarios));
  if (unread !== undefined) {
    throw new Error(`--${unread} is read by --scenario ${SCENARIO_OF[unread]} alone, which is not asked for`);
  }
  const protocol = oneOf('protocol', text('protocol'), PROTOCOLS);
  const arrivals = text('arrivals');
  parseArrivals(arrivals, 1);
  const sessions = optional('sessions');
  const address = withScheme(optional('address'), protocol);
  const [onnx, texts] = [optional('onnx'), optional('texts')];
  if (protocol === 'task' && texts === undefined) throw new Error('--texts is needed with --protocol task');
  const noCeiling = whyNoCeiling({ models, texts, address, onnx });
  for (const [flag, value] of Object.entries({ onnx, sessions })) {
    if (value === undefined || noCeiling === undefined) continue;
    throw new Error(`--${flag} is '${value}', but no ceiling is measured: ${noCeiling}`);
  }
  return {
    address,
    admin: withScheme(optional('admin'), 'rest-json'),
    repository: optional('model-repository') ?? (address === undefined ? loadConfig().modelRepository : ''),
    protocol,
    models,
    scenarios,
    concurrencies: distinct('concurrency', numbers('concurrency', text('concurrency'), { whole: true })),
    rates: distinct('rate', numbers('rate', text('rate'))),
    arrivals,
    bound: number('bound', text('bound'), { most: LARGEST_BOUND }),
    rows: number('rows', text('rows'), { whole: true }),
    lengths: parseLengths(text('length')),
    largestId: number('largest-id', text('largest-id'), { whole: true }),
    texts,
    window: number('window', text('window'), { most: LONGEST }),
    warmUp: number('warm-up', text('warm-up'), { zero: true, most: LONGEST }),
    mostWindows: number('windows', text('windows'), { whole: true }),
    seed: number('seed', text('seed'), { whole: true, zero: true }),
    onnx,
    sessions: sessions === undefined ? undefined : number('sessions', sessions, { whole: true }),
    files: fileNames({ json: optional('json'), csv: optional('csv'), html: optional('html') }),
  };
}

/** What a flag asks for is measured: without its scenario, some other load would be. */
function isRead(flag: string, scenarios: readonly Scenario[]): boolean {
  const scenario = SCENARIO_OF[flag];
  return scenario === undefined || scenarios.includes(scenario);
}

/** Undefined where one is measured. */
function whyNoCeiling({
  models,
  texts,
  address,
  onnx,
}: Pick<BenchArguments, 'models' | 'texts' | 'address' | 'onnx'>): string | undefined {
  if (models.length > 1) return 'several models have none in common';
  if (texts !== undefined) return 'how long texts are is known to the server alone';
  return address !== undefined && onnx === undefined ? 'with --address it takes --onnx' : undefined;
}

type WeightedModel = BenchArguments['models'][number];

/** A share that no run could send must not look like one that was sent. */
function checkShares(models: readonly WeightedModel[]): void {
  if (models.length === 0) throw new Error('--model is needed');
  const total = models.reduce((sum, { weight }) => sum + weight, 0);
  const rare = models.find(({ weight }) => weight / total < SMALLEST_SHARE);
  if (rare === undefined) return;
  throw new Error(
    `--model is '${rare.name}=${rare.weight}', whose share is below one request in ${1 / SMALLEST_SHARE}`,
  );
}

function parseModel(text: string): WeightedModel {
  const [name = '', weight, ...more] = text.split('=');
  if (name === '' || more.length > 0) throw new Error(`--model is '${text}', it must be NAME or NAME=WEIGHT`);
  return { name, weight: weight === undefined ? 1 : number('model', weight) };
}

/** REST takes a URL, gRPC a plain host and port; either may be given in either form. */
function withScheme(address: string | undefined, protocol: Protocol): string | undefined {
  if (address === undefined) return undefined;
  const plain = address.replace(/^http:\/\//, '').replace(/\/$/, '');
  if (!/^[^/\s]+:\d+$/.test(plain)) throw new Error(`'${address}' is not an address like host:port`);
  return protocol.startsWith('grpc') ? plain : `http://${plain}`;
}

const fileNames = (files: Readonly<Record<'json' | 'csv' | 'html', string | undefined>>) =>
  Object.fromEntries(
    Object.entries(files).filter(([, name]) => name !== undefined),
  ) as BenchArguments['files'];
