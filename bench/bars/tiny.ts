import { Baseline } from '../baselines/baseline.ts';
import { Generator } from '../load/generator-process.ts';
import { type Bar, percent, rows } from './bar.ts';
import { type BarsContext, closed, SEED, TINY_TRAFFIC } from './context.ts';
import { settle, versus } from './versus.ts';

const SHARE = 0.8;
const CONCURRENCY = 64;

/** A model that costs nothing next to the same gateways answering a constant: what everything behind them costs. */
export async function* tinyBars({ server }: BarsContext): AsyncGenerator<Bar> {
  await using constant = await Baseline.start('constant-gateway.ts');
  for (const protocol of ['rest-json', 'rest-binary', 'grpc'] as const) {
    const open = (address: string): Promise<Generator> =>
      Generator.open({ target: { protocol, address }, traffic: [TINY_TRAFFIC], seed: SEED });
    await using ours = await open(protocol === 'grpc' ? server.grpc : server.rest);
    await using theirs = await open(protocol === 'grpc' ? constant.grpc : constant.address);
    const sides = [
      { generator: ours, pid: server.pid },
      { generator: theirs, pid: constant.pid },
    ] as const;
    await settle(...sides);
    const result = await versus(...sides, closed(CONCURRENCY), { rounds: 3 });
    yield {
      name: `tiny model, ${protocol}, concurrency ${CONCURRENCY}`,
      bar: `${percent(SHARE)} of a constant's`,
      figure: percent(result.ratio),
      met: result.ratio >= SHARE,
      others: result.others,
      details: [`${rows(result.ours)} of ${rows(result.theirs)}`],
      failures: result.failures,
    };
  }
}
