import { Baseline } from '../baselines/baseline.ts';
import type { Traffic } from '../inputs/requests.ts';
import { Generator } from '../load/generator-process.ts';
import { type Bar, ms, rows } from './bar.ts';
import { type BarsContext, closed, MINILM_TRAFFIC, SEED, TINY_TRAFFIC } from './context.ts';
import { settle, type Versus, versus } from './versus.ts';

const TIMES = 2.2;
const LEAST = 0.9;
const CONCURRENCY = 64;
const CONCURRENCIES = [1, 8, 64];

/** Whole numbers that every shipped vocabulary has. */
const SMALL_VOCABULARY = 100;

/** Against a plain server with one session and no batching, the same JSON requests to both. */
export async function* plainBars(context: BarsContext): AsyncGenerator<Bar> {
  for await (const { result } of compare(context, MINILM_TRAFFIC, [CONCURRENCY])) {
    const { ratio, p99 } = result;
    yield {
      ...describe(`minilm against a plain server, concurrency ${CONCURRENCY}`, result),
      bar: `${TIMES} times, at a lower p99`,
      met: ratio >= TIMES && p99.ours < p99.theirs,
    };
  }
  const shipped = context.shipped.map((model) => ({
    ...MINILM_TRAFFIC,
    model,
    lengths: { kind: 'fixed', length: 16 } as const,
    largestId: SMALL_VOCABULARY,
  }));
  for (const traffic of [...shipped, TINY_TRAFFIC]) {
    for await (const { concurrency, result } of compare(context, traffic, CONCURRENCIES)) {
      yield {
        ...describe(`${traffic.model} against a plain server, concurrency ${concurrency}`, result),
        bar: `${LEAST} times`,
        met: result.ratio >= LEAST,
      };
    }
  }
}

async function* compare(
  { server, repository }: BarsContext,
  traffic: Traffic,
  concurrencies: readonly number[],
): AsyncGenerator<{ readonly concurrency: number; readonly result: Versus }> {
  const path = repository.fileOf(traffic.model);
  if (path === undefined) return;
  await using plain = await Baseline.start('plain-server.ts', path, traffic.model);
  const open = (address: string): Promise<Generator> =>
    Generator.open({ target: { protocol: 'rest-json', address }, traffic: [traffic], seed: SEED });
  await using ours = await open(server.rest);
  await using theirs = await open(plain.address);
  const sides = [
    { generator: ours, pid: server.pid },
    { generator: theirs, pid: plain.pid },
  ] as const;
  await settle(...sides);
  for (const concurrency of concurrencies) {
    const result = await versus(...sides, closed(concurrency));
    yield { concurrency, result };
  }
}

const describe = (name: string, { ours, theirs, ratio, p99, others, failures }: Versus) => ({
  name,
  figure: `${ratio.toFixed(2)} times`,
  others,
  failures,
  details: [`${rows(ours)} against ${rows(theirs)}; p99 ${ms(p99.ours)} against ${ms(p99.theirs)}`],
});
