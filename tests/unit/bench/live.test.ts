import { describe, expect, test } from 'vitest';
import { burstBars, peakBars, verdictOf } from '../../../bench/live/bars.ts';
import { leadOf } from '../../../bench/live/burst-case.ts';
import { figuresOf, mergeSamples } from '../../../bench/live/figures.ts';
import { paddingIn } from '../../../bench/live/padding-counters.ts';
import { answerIn } from '../../../bench/live/raw-connections.ts';
import { type Ending, SampleLog, type Samples } from '../../../bench/live/samples.ts';
import { searchPeak } from '../../../bench/live/search-peak.ts';
import { endingOf, rawRequests, vary } from '../../../bench/live/stream.ts';
import { liveTables } from '../../../bench/live/tables.ts';
import type { Signature } from '../../../src/inference/signature.ts';

const SIGNATURE: Signature = {
  inputs: [
    { name: 'input_ids', datatype: 'INT64', dims: ['batch', 'length'] },
    { name: 'attention_mask', datatype: 'INT64', dims: ['batch', 'length'] },
  ],
  outputs: [{ name: 'logits', datatype: 'FP32', dims: ['batch', 2] }],
};

const answered = (variant: string, server: number): Ending => ({
  outcome: 'answered',
  variant,
  server,
  words: '',
});
const unanswered = (outcome: 'refused' | 'dropped' | 'failed', words = ''): Ending => ({
  outcome,
  variant: '',
  server: Number.NaN,
  words,
});

/** One request for each ending, with its latency and how late it went. */
function samples(...given: readonly (readonly [Ending | undefined, number, number?])[]): Samples {
  const log = new SampleLog(given.length);
  for (const [index, [ending, latency, lateness = 0]] of given.entries()) {
    log.sent(index, lateness);
    if (ending !== undefined) log.ended(index, ending, latency);
  }
  return log.result(2, 0.5);
}

const ACCURACIES = new Map([
  ['best', 0.9],
  ['fast', 0.8],
]);

describe('the figures of a window', () => {
  test('count an answer that is late by more than 5 % of its time for nothing', () => {
    const figures = figuresOf(
      samples([answered('best', 90), 104], [answered('fast', 106), 106], [unanswered('refused'), 1]),
      100,
      ACCURACIES,
    );
    expect(figures).toMatchObject({ offered: 1.5, goodput: 0.5, answered: 1, refused: 0.5 });
    expect(figures.lateAtClient).toBe(0.5);
    expect(figures.lateAtServer).toBe(0.5);
    expect(figures.effectiveAccuracy).toBeCloseTo(0.3);
  });

  test('tell what was refused at once from what was taken and given up', () => {
    const figures = figuresOf(
      samples([unanswered('refused'), 2], [unanswered('dropped'), 99], [unanswered('failed', 'HTTP 500'), 3]),
      100,
      ACCURACIES,
    );
    expect(figures).toMatchObject({ refused: 0.5, dropped: 0.5, failed: 0.5, failure: 'HTTP 500' });
    expect(figures.refusalP99).toBeCloseTo(2);
  });

  test('count what was never answered as failed', () => {
    expect(figuresOf(samples([undefined, 0]), 100, ACCURACIES).failed).toBe(0.5);
  });

  test('say which share was sent late', () => {
    const given = samples([answered('best', 1), 1, 0.4], [answered('best', 1), 2, 1.1]);
    expect(figuresOf(given, 100, ACCURACIES).sentLate).toBe(0.5);
  });

  test('of several windows keep every answer with its own variant', () => {
    const merged = mergeSamples([
      samples([answered('best', 1), 1], [answered('fast', 1), 1]),
      samples([answered('fast', 1), 1]),
    ]);
    const figures = figuresOf(merged, 100, ACCURACIES);
    expect(figures.seconds).toBe(4);
    expect(figures.variants.map(([name]) => name)).toEqual(['fast', 'best']);
    expect(figures.effectiveAccuracy).toBeCloseTo((0.9 + 0.8 + 0.8) / 3);
  });
});

describe('the search for the peak', () => {
  test('finds the plateau of a server that holds its goodput', async () => {
    const { goodput, tried } = await searchPeak(async (rate) => Math.min(rate, 700), 650);
    expect(goodput).toBe(700);
    expect(tried.length).toBeLessThan(10);
  });

  test('finds the top of a server that collapses beyond it', async () => {
    const { rate, goodput } = await searchPeak(async (rate) => (rate <= 600 ? rate : 100), 700);
    expect(goodput).toBeGreaterThan(500);
    expect(rate).toBeLessThanOrEqual(600);
  });

  test('goes up where it began too low', async () => {
    expect((await searchPeak(async (rate) => Math.min(rate, 700), 100)).goodput).toBe(700);
  });

  test('ends where nothing is answered', async () => {
    expect(await searchPeak(async () => 0, 100)).toMatchObject({ rate: 0, goodput: 0 });
  });
});

describe('what goes over the wire', () => {
  const stream = {
    model: 'intent@int8',
    rows: 2,
    lengths: { kind: 'fixed', length: 4 },
    deadline: 80,
  } as const;
  const [request] = rawRequests(stream, SIGNATURE, 'http://127.0.0.1:8000', 1);

  test('is a whole request with its deadline', () => {
    const text = request?.bytes.toString('latin1') ?? '';
    expect(text).toMatch(/^POST \/v2\/models\/intent%40int8\/infer HTTP\/1\.1\r\n/);
    expect(text).toContain('\r\nx-request-timeout-ms: 80\r\n');
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    expect(text).toContain(`\r\ncontent-length: ${body.length}\r\n`);
    expect(body.length - body.indexOf(']}') - 2).toBe(2 * 2 * 4 * 8);
  });

  test('is never the same twice', () => {
    if (request === undefined) throw new Error('no request was made');
    const seen = [0, 1, 4000, 4001].map((count) => vary(request, count).toString('latin1'));
    expect(new Set(seen).size).toBe(seen.length);
    expect(request.bytes.readBigInt64LE(request.tokens)).toBe(1n);
    expect(request.bytes.readBigInt64LE(request.tokens + 8)).toBe(1n);
  });

  test('is read when all of it is there, and not before', () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc');
    expect(answerIn(bytes.subarray(0, 30))).toBeUndefined();
    expect(answerIn(bytes.subarray(0, bytes.length - 1))).toBeUndefined();
    expect(answerIn(bytes)).toMatchObject({ status: 200, body: Buffer.from('abc') });
  });

  test('tells the variant and the time at the server', () => {
    const head =
      'HTTP/1.1 200 OK\r\nx-sluice-variant: int8\r\nserver-timing: queue;dur=1.500, compute_input;dur=0.500, ' +
      'compute_infer;dur=2.000, compute_output;dur=0.250, predicted;dur=9.000';
    const ending = endingOf({ status: 200, head, body: Buffer.alloc(0) });
    expect(ending).toMatchObject({ outcome: 'answered', variant: 'int8', server: 4.25 });
  });

  test.each([
    [429, '{"error":"there is more work than can be done in time"}', 'refused'],
    [504, '{"error":"the deadline cannot be kept: even alone the request takes about 9 ms"}', 'refused'],
    [504, '{"error":"the deadline passed before the request could run"}', 'dropped'],
    [500, '{"error":"internal"}', 'failed'],
  ])('says what became of a request: %i %s', (status, words, outcome) => {
    expect(endingOf({ status, head: '', body: Buffer.from(words) }).outcome).toBe(outcome);
  });

  test('is failed where the connection was lost', () => {
    expect(endingOf(undefined).outcome).toBe('failed');
  });
});

test('padding is read from the metrics of one variant', () => {
  const page = [
    'sluice_batch_tokens_total{model="intent",version="1",variant="int8"} 7',
    'sluice_batch_tokens_total{model="intent",version="1",variant="default"} 200',
    'sluice_padding_tokens_total{model="intent",version="1",variant="default"} 20',
  ].join('\n');
  expect(paddingIn(page, 'intent@default')).toEqual({ tokens: 200, padding: 20 });
});

describe('a verdict', () => {
  test('is not given where requests went late', () => {
    expect(verdictOf(true, { sentLate: 0.02 })).toBe('invalid: 2.0 % sent late');
  });

  test('is open where others used the machine', () => {
    expect(verdictOf(true, { sentLate: 0.002, others: 0.5 })).toBe('open: others used 0.5 cores');
  });

  test('is about the figure otherwise', () => {
    expect(verdictOf(true, { sentLate: 0.002, others: 0.1 })).toBe('holds');
    expect(verdictOf(false, {})).toBe('missed');
  });
});

test.each([
  [0.96, 'holds'],
  [0.94, 'missed'],
])('goodput of %d of the peak beyond it: %s', (ratio, verdict) => {
  const figures = figuresOf(samples([answered('best', 1), 1]), 100, ACCURACIES);
  const cores = { server: 1, generator: 0.1, others: 0 };
  const rows = [1, 5].map((multiple) => ({
    ...{ multiple, rate: 1, figures, cores, ratio: multiple === 1 ? 1 : ratio, ratioWithoutGenerator: 1 },
  }));
  const [goodput] = peakBars({ name: 'm', deadline: 100, rate: 1, goodput: 1, rows });
  expect(goodput?.verdict).toBe(verdict);
});

test.each([
  ['fast', 'holds'],
  ['best', 'missed'],
])('with a rival that answers by the variant %s the bar of every burst case %s', (rival, verdict) => {
  const of = (variant: string) => figuresOf(samples([answered(variant, 1), 1]), 100, ACCURACIES);
  const figures = new Map([
    ['Sluice', of('fast')],
    ['best only', of(rival)],
    ['fastest only', of('fast')],
  ]);
  const rounds = new Map(
    [...figures].map(([policy, { effectiveAccuracy }]) => [policy, [effectiveAccuracy]]),
  );
  const rows = [{ name: 'bursts', load: 0.25, figures, rounds, others: 0 }];
  const bars = burstBars({ deadline: 100, rowsPerRequest: 1, capacity: 1, rows, best: 0.9, fastest: 0.8 });
  expect(bars[0]?.verdict).toBe(verdict);
});

test('a lead is told with what the rounds know it to, against the best rival in those that it ran in', () => {
  const of = (variant: string) => figuresOf(samples([answered(variant, 1), 1]), 100, ACCURACIES);
  const row = {
    name: 'bursts',
    load: 1,
    figures: new Map([
      ['Sluice', of('best')],
      ['best only', of('fast')],
    ]),
    rounds: new Map([
      ['Sluice', [0.9, 0.2, 0.8, 0.7]],
      ['best only', [0.89, undefined, 0.78, 0.67]],
    ]),
    others: 0,
  };
  // The leads of the rounds are 1, 2 and 3 points: Student's t of 2 degrees of freedom is 4.303.
  expect(leadOf(row, ['best only']).reach).toBeCloseTo((4.303 * 0.01) / Math.sqrt(3), 4);
  expect(leadOf(row, ['best only']).lead).toBeCloseTo(0.02);
});

test('only the cases that were run have a table', () => {
  const single = { variant: 'fast', variants: 2, bare: 0.3, scheduled: 0.34, others: 0 };
  const tables = liveTables({ setting: 'a machine', single });
  expect([...tables.keys()]).toEqual(['live-single']);
  expect(tables.get('live-single')).toMatch(/40 us \| holds/);
});
