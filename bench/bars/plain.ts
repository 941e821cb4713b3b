import { Baseline } from '../baselines/baseline.ts';
import type { Traffic } from '../inputs/requests.ts';
import { Generator } from '../load/generator-process.ts';
import { type Bar, failureLines, ms, rows } from './bar.ts';
import { type BarsContext, closed, MINILM_TRAFFIC, SEED, TINY_TRAFFIC } from './context.ts';
import { type Versus, versus } from './versus.ts';

const TIMES = 2.2;
const LEAST = 0.9;
const CONCURRENCY = 64;
const CONCURRENCIES = [1, 8, 64];

/** Against a plain server with one session and no batching, the same JSON requests to both. */
export async function plainBars(context: BarsContext): Promise<Bar[]> {
  const bars: Bar[] = [];
  const [minilm] = await compare(context, MINILM_TRAFFIC, [CONCURRENCY]);
  if (minilm !== undefined) {
    const { ratio, p99 } = minilm.result;
    bars.push({
      ...describe(`minilm against a plain server, concurrency ${CONCURRENCY}`, minilm.result),
      bar: `${TIMES} times, at a lower p99`,
      met: ratio >= TIMES && p99.ours < p99.theirs,
    });
  }
  const shipped = context.shipped.map((model) => ({
    ...MINILM_TRAFFIC,
    model,
    lengths: { kind: 'fixed', length: 16 } as const,
    largestId: 1000,
  }));
  for (const traffic of [...shipped, TINY_TRAFFIC]) {
    for (const { concurrency, result } of await compare(context, traffic, CONCURRENCIES)) {
      bars.push({
        ...describe(`${traffic.model} against a plain server, concurrency ${concurrency}`, result),
        bar: `${LEAST} times`,
        met: result.ratio >= LEAST,
      });
    }
  }
  return bars;
}

async function compare(
  { server, repository }: BarsContext,
  traffic: Traffic,
  concurrencies: readonly number[],
): Promise<{ readonly concurrency: number; readonly result: Versus }[]> {
  const path = repository.fileOf(traffic.model);
  if (path === undefined) return [];
  await using plain = await Baseline.start('plain-server.ts', path, traffic.model);
  const open = (address: string): Promise<Generator> =>
    Generator.open({ target: { protocol: 'rest-json', address }, traffic: [traffic], seed: SEED });
  await using ours = await open(server.rest);
  await using theirs = await open(plain.address);
  const results: { readonly concurrency: number; readonly result: Versus }[] = [];
  for (const concurrency of concurrencies) {
    const result = await versus(
      { generator: ours, pid: server.pid },
      { generator: theirs, pid: plain.pid },
      closed(concurrency),
    );
    results.push({ concurrency, result });
  }
  return results;
}

const describe = (name: string, { ours, theirs, ratio, p99, others, failures }: Versus) => ({
  name,
  figure: `${ratio.toFixed(2)} times`,
  others,
  details: [
    `${rows(ours)} against ${rows(theirs)}; p99 ${ms(p99.ours)} against ${ms(p99.theirs)}`,
    ...failureLines(failures),
  ],
});
