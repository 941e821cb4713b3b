import { join } from 'node:path';
import type { Traffic } from '../inputs/requests.ts';
import { readBenchTexts, tokenLengths } from '../inputs/token-lengths.ts';
import { Generator } from '../load/generator-process.ts';
import { threadCpu } from '../machine/threads.ts';
import { countersReader } from '../stages/read-counters.ts';
import { stagesBetween } from '../stages/stages.ts';
import type { Bar } from './bar.ts';
import { type BarsContext, closed, SEED } from './context.ts';
import { openCeiling, throughputBar } from './encoder.ts';
import { compareThroughput } from './paired.ts';
import { settle } from './versus.ts';

const SHARE = 0.6;
const CONCURRENCY = 64;
const MODEL = 'intent';
const VARIANT = 'distilled_int8';

/** Text in, label out, on the shipped classifier, next to bare sessions of the same variant at the same lengths. */
export async function* textBars(context: BarsContext): AsyncGenerator<Bar> {
  const { server, repository, cores } = context;
  const variant = repository.fileOf(MODEL, VARIANT) === undefined ? undefined : VARIANT;
  const texts = await readBenchTexts();
  const model = variant === undefined ? MODEL : `${MODEL}@${variant}`;
  const traffic: Traffic = {
    model,
    weight: 1,
    rows: 1,
    lengths: await tokenLengths(texts, join(repository.path, MODEL, '1')),
    largestId: 1000,
    texts,
  };
  await using ceiling = await openCeiling(context, { ...traffic, model: MODEL }, variant);
  const target = { protocol: 'task', address: server.rest } as const;
  await using generator = await Generator.open({ target, traffic: [traffic], seed: SEED });
  await settle({ generator, pid: server.pid });
  const full = await compareThroughput(ceiling, generator, closed(CONCURRENCY), { pid: server.pid, cores });
  const bar = throughputBar(`${model}, text to label, concurrency ${CONCURRENCY}`, full, SHARE);
  yield { ...bar, details: [...(bar.details ?? []), ...(await costLines(context, generator, model))] };
}

/** CPU time and wall time per request, by thread and by stage. */
async function costLines({ server }: BarsContext, generator: Generator, model: string): Promise<string[]> {
  const read = countersReader({ protocol: 'task', address: server.rest }, [{ model, rows: 1 }], server.admin);
  const snapshot = async () => ({ cpu: await threadCpu(server.pid), counters: await read() });
  let before = snapshot();
  const result = await generator.run(
    { load: closed(CONCURRENCY), warmUp: 500, duration: 2000 },
    {
      measuring: () => {
        before = snapshot();
      },
    },
  );
  const [start, end] = await Promise.all([before, snapshot()]);
  const per = (part: keyof typeof end.cpu): string =>
    `${(((end.cpu[part] - start.cpu[part]) * 1e6) / result.answered).toFixed(0)} us`;
  const lines = [
    `CPU per request: main thread ${per('main')}, worker threads ${per('workers')}, engine ${per('engine')}`,
  ];
  const { counters: first } = start;
  const { counters: last } = end;
  const mean = result.latency.sum / result.latency.count;
  const stages = first && last && stagesBetween(first, last, mean);
  if (stages !== undefined) {
    const parts = Object.entries(stages).map(([stage, time]) => `${stage} ${Number(time).toFixed(2)}`);
    lines.push(`mean ms per request: ${parts.join(', ')}`);
  }
  return lines;
}
