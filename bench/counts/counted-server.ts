/** The server in a process of its own, with counters in it. Told over IPC what to do. */
import { EventEmitter } from 'node:events';
import { GCProfiler } from 'node:v8';
import { pino } from 'pino';
import type { InferenceRequest } from '../../src/inference/types.ts';
import { asyncCounter, collectYoung, installCounters, readTally } from './counters.ts';
import type { Order, Report } from './messages.ts';

installCounters();
const { loadConfig } = await import('../../src/config/config.ts');
const { startServer } = await import('../../src/server.ts');
const { sampleInputs } = await import('../../src/workers/sample-inputs.ts');

const { addresses, dataPlane } = await startServer({
  config: loadConfig({ argv: process.argv.slice(2), env: {} }),
  logger: pino({ level: 'silent' }),
  version: '0.0.0-counts',
  exit: () => {},
  signals: new EventEmitter(),
});

let collector: GCProfiler | undefined;

const send = (report: Report): void => void process.send?.(report);

async function batches(): Promise<number> {
  const statistics = await dataPlane.statistics();
  return statistics.reduce((sum, { execution_count }) => sum + execution_count, 0);
}

/** Made once: what making them allocates is not the server's. */
const requestsOf = new Map<string, readonly InferenceRequest[]>();

function makeRequests(model: string, size: number): readonly InferenceRequest[] {
  const { signature } = dataPlane.resolve(model).variant;
  const requests = Array.from(
    { length: size },
    (_, seed): InferenceRequest => ({
      model,
      parameters: new Map(),
      inputs: sampleInputs(signature, 1, { seed }),
    }),
  );
  requestsOf.set(model, requests);
  return requests;
}

async function runWaves(model: string, waves: number, size: number): Promise<void> {
  const requests = requestsOf.get(model) ?? makeRequests(model, size);
  for (let wave = 0; wave < waves; wave++) {
    await Promise.all(requests.map((request) => dataPlane.infer(request)));
  }
}

async function report(order: Exclude<Order, { kind: 'direct' }>): Promise<void> {
  const ran = await batches();
  if (order.kind === 'begin') {
    if (order.async) asyncCounter.enable();
    else asyncCounter.disable();
    globalThis.gc?.();
    collector = new GCProfiler();
    collector.start();
    send({ kind: 'tally', tally: readTally(ran), collections: 0 });
  } else {
    const tally = readTally(ran);
    const collections = collector?.stop().statistics.length ?? 0;
    send({ kind: 'tally', tally: collectYoung(tally), collections });
  }
}

process.on('message', (order: Order) => {
  if (order.kind === 'direct') {
    void runWaves(order.model, order.waves, order.size).then(() => send({ kind: 'done' }));
  } else void report(order);
});

const { http, grpc } = addresses;
send({ kind: 'ready', rest: `http://${http.host}:${http.port}`, grpc: `${grpc.host}:${grpc.port}` });
