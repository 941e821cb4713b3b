/**
 * How far the server is from the bare runtime, on this machine, now. Usage: npm run bench [-- MODEL...]
 * Prints rows per second next to the ceiling, and what one request at a time waits longer than a bare run takes.
 */
import { availableParallelism } from 'node:os';
import { encoderModel, MINILM } from '../tests/support/onnx/encoder.ts';
import { compareLatency, compareThroughput } from './bars/paired.ts';
import { Ceiling } from './ceiling/ceiling.ts';
import type { Traffic } from './inputs/requests.ts';
import { Generator } from './load/generator-process.ts';
import { BenchRepository } from './server/repository.ts';
import { Served } from './server/served.ts';
import type { Protocol } from './targets/target.ts';

const CONCURRENCY = 32;
const SEED = 1;
const AIMS = { ratio: 0.85, added: 1 };

const cores = Math.min(availableParallelism(), 16);

const TRAFFIC: readonly Traffic[] = [
  { model: 'intent', weight: 1, rows: 1, lengths: { kind: 'fixed', length: 16 }, largestId: 4000 },
  { model: 'minilm', weight: 1, rows: 1, lengths: { kind: 'fixed', length: 32 }, largestId: 30_000 },
];

async function compare(
  server: Served,
  ceiling: Ceiling,
  traffic: Traffic,
  protocol: Protocol,
): Promise<void> {
  const address = protocol === 'grpc' ? server.grpc : server.rest;
  await using generator = await Generator.open({
    target: { protocol, address },
    traffic: [traffic],
    seed: SEED,
  });
  const { pid } = server;
  const many = { kind: 'closed', concurrency: CONCURRENCY, driver: 'autocannon' } as const;
  const full = await compareThroughput(ceiling, generator, many, { pid, cores });
  const alone = await compareLatency(ceiling, generator, { ...many, concurrency: 1 }, pid);
  console.log(`\n${traffic.model}, ${protocol}`);
  console.log(
    `  concurrency ${CONCURRENCY}: served ${full.served.toFixed(0)} of ${full.ceiling.toFixed(0)} rows/s ` +
      `(${ceiling.threads} sessions, batch ${ceiling.bestBatch}), ratio ${percent(full.ratio)}, ` +
      `${percent(full.ratioWithoutGenerator)} without the generator${mark(full.ratioWithoutGenerator >= AIMS.ratio)}`,
  );
  console.log(
    `    p50 ${full.p50.toFixed(2)} ms, p99 ${full.p99.toFixed(2)} ms; cores busy: server ` +
      `${full.cores.server.toFixed(2)}, generator ${full.cores.generator.toFixed(2)}, others ${full.cores.others.toFixed(2)}`,
  );
  console.log(
    `  concurrency 1: p50 ${alone.served.toFixed(3)} ms, bare run ${alone.bare.toFixed(3)} ms, ` +
      `added ${alone.added.toFixed(3)} ms${mark(alone.added <= AIMS.added)}`,
  );
  for (const failures of [full.failures, alone.failures]) {
    for (const [name, count] of Object.entries(failures)) console.log(`  FAILED ${count} requests: ${name}`);
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const mark = (met: boolean): string => (met ? '' : ' (below the aim)');

await using repository = await BenchRepository.create();
await repository.copy('intent');
await repository.write('minilm', encoderModel(MINILM));
await using server = await Served.start(repository.path, ['--cores', String(cores)]);
const wanted = process.argv.slice(2);
console.log(
  `${cores} cores, Node ${process.versions.node}. Aims: ${percent(AIMS.ratio)} of the ceiling, ${AIMS.added} ms added.`,
);
for (const traffic of TRAFFIC.filter(({ model }) => wanted.length === 0 || wanted.includes(model))) {
  const { model, lengths, largestId } = traffic;
  const setup = { path: repository.fileOf(model), intraOpThreads: 1, lengths, largestId, seed: SEED };
  await using ceiling = await Ceiling.open(setup, cores);
  for (const protocol of ['rest-binary', 'grpc'] as const) await compare(server, ceiling, traffic, protocol);
}
