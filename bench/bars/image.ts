import { makeRequests } from '../inputs/requests.ts';
import { Generator } from '../load/generator-process.ts';
import { Histogram } from '../statistics/histogram.ts';
import { median } from '../statistics/summary.ts';
import { mergeWindows } from '../suite/figures.ts';
import { restJsonTarget } from '../targets/rest-json.ts';
import type { Protocol } from '../targets/target.ts';
import { type Bar, ms } from './bar.ts';
import { type BarsContext, closed, IMAGE_TRAFFIC, SEED, TINY_TRAFFIC } from './context.ts';
import { openCeiling } from './encoder.ts';
import { compareLatency } from './paired.ts';

const ADDED = 2;
const TIMES = 1.3;

/** How much later than alone small requests may be answered while images arrive as JSON, 99th percentile. */
const HARM = 2;

const PARSES = 15;
const WINDOW = { load: closed(1), warmUp: 500, duration: 3000 };

/** A large input: what it adds over REST binary and as JSON, and what it does to small requests beside it. */
export async function* imageBars(context: BarsContext): AsyncGenerator<Bar> {
  await using ceiling = await openCeiling(context, IMAGE_TRAFFIC);
  const { server } = context;
  const open = (protocol: Protocol, traffic = IMAGE_TRAFFIC): Promise<Generator> =>
    Generator.open({ target: { protocol, address: server.rest }, traffic: [traffic], seed: SEED });
  await using binary = await open('rest-binary');
  await using json = await open('rest-json');
  const sent = await compareLatency(ceiling, binary, closed(1), server.pid);
  const parse = await parseTime(server.rest);
  const parsed = await compareLatency(ceiling, json, closed(1), server.pid);
  await using small = await open('rest-binary', TINY_TRAFFIC);
  const alone = await small.run(WINDOW);
  const [beside, images] = await Promise.all([small.run(WINDOW), json.run(WINDOW)]);
  const [p99, p99Beside] = [alone, beside].map(({ latency }) => Histogram.from(latency).quantile(0.99));
  const harm = (p99Beside ?? Number.NaN) - (p99 ?? Number.NaN);
  yield {
    name: 'image 3x224x224 fp32, REST binary, concurrency 1',
    bar: `${ms(ADDED)} above the bare run`,
    figure: ms(sent.added),
    met: sent.added <= ADDED,
    others: sent.others,
    details: [`p50 ${ms(sent.served)}, bare ${ms(sent.bare)}`],
    failures: sent.failures,
  };
  yield {
    name: 'the same as JSON',
    bar: `${TIMES} times the cost of parsing it`,
    figure: `${(parsed.added / parse).toFixed(2)} times`,
    met: parsed.added <= TIMES * parse,
    others: parsed.others,
    details: [`p50 ${ms(parsed.served)}, bare ${ms(parsed.bare)}, JSON.parse alone ${ms(parse)}`],
    failures: parsed.failures,
  };
  yield {
    name: 'small requests while images arrive as JSON',
    bar: `p99 at most ${ms(HARM)} later`,
    figure: ms(harm),
    met: harm <= HARM,
    others: parsed.others,
    details: [`p99 ${ms(p99Beside ?? Number.NaN)}, ${ms(p99 ?? Number.NaN)} alone`],
    failures: mergeWindows([alone, beside, images]).failures,
  };
}

/** Milliseconds of JSON.parse on the body of one image, median. */
async function parseTime(address: string): Promise<number> {
  const target = restJsonTarget(address);
  try {
    const signature = await target.describe(IMAGE_TRAFFIC.model);
    const [request] = makeRequests(IMAGE_TRAFFIC, signature, SEED);
    if (request === undefined) throw new Error('no image was made');
    const text = target.encode(request).body.toString();
    const times = Array.from({ length: PARSES }, () => {
      const start = performance.now();
      JSON.parse(text);
      return performance.now() - start;
    });
    return median(times);
  } finally {
    target.close();
  }
}
