import { Ceiling } from '../ceiling/ceiling.ts';
import type { Traffic } from '../inputs/requests.ts';
import { Generator } from '../load/generator-process.ts';
import { type Bar, ms, percent, rows } from './bar.ts';
import { type BarsContext, closed, MINILM_TRAFFIC, SEED } from './context.ts';
import { type AddedLatency, compareLatency, compareThroughput, type Throughput } from './paired.ts';
import { settle } from './versus.ts';

const SHARE = 0.95;
const ADDED = 0.6;
const CONCURRENCY = 32;

/** The MiniLM-sized encoder, fp32 and static int8, over REST binary and gRPC: throughput, and one request at a time. */
export async function* encoderBars(context: BarsContext): AsyncGenerator<Bar> {
  for (const model of ['minilm', 'minilm-int8']) {
    const traffic = { ...MINILM_TRAFFIC, model };
    await using ceiling = await openCeiling(context, traffic);
    for (const protocol of ['rest-binary', 'grpc'] as const) {
      const address = protocol === 'grpc' ? context.server.grpc : context.server.rest;
      await using generator = await Generator.open({
        target: { protocol, address },
        traffic: [traffic],
        seed: SEED,
      });
      const { pid } = context.server;
      const machine = { pid, cores: context.cores };
      await settle({ generator, pid });
      const full = await compareThroughput(ceiling, generator, closed(CONCURRENCY), machine);
      yield throughputBar(`${model}, ${protocol}, concurrency ${CONCURRENCY}`, full, SHARE);
      const alone = await compareLatency(ceiling, generator, closed(1), pid);
      yield addedBar(`${model}, ${protocol}, concurrency 1`, alone, ADDED);
    }
  }
}

/** The bare sessions of a model, as many as the server has. */
export function openCeiling(
  { repository, cores }: BarsContext,
  { model, lengths, largestId }: Traffic,
  variant?: string,
): Promise<Ceiling> {
  const path = repository.fileOf(model, variant);
  if (path === undefined)
    throw new Error(`model '${model}' has no file of variant '${variant ?? 'default'}'`);
  return Ceiling.open({ path, intraOpThreads: 1, lengths, largestId, seed: SEED }, cores);
}

export function throughputBar(name: string, full: Throughput, share: number): Bar {
  return {
    name,
    bar: `${percent(share)} of the ceiling`,
    figure: percent(full.ratioWithoutGenerator),
    met: full.ratioWithoutGenerator >= share,
    others: full.cores.others,
    details: [
      `${rows(full.served)} of ${rows(full.ceiling)}: ${percent(full.ratio)} with the generator's CPU time counted in`,
      `p50 ${ms(full.p50)}, p99 ${ms(full.p99)}; cores busy: server ${full.cores.server.toFixed(2)}, generator ${full.cores.generator.toFixed(2)}`,
    ],
    failures: full.failures,
  };
}

function addedBar(name: string, alone: AddedLatency, most: number): Bar {
  return {
    name,
    bar: `${ms(most)} above the bare run`,
    figure: ms(alone.added),
    met: alone.added <= most,
    others: alone.others,
    failures: alone.failures,
    details: [`p50 ${ms(alone.served)}, bare ${ms(alone.bare)}`],
  };
}
