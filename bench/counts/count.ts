import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sampleInputs } from '../../src/workers/sample-inputs.ts';
import { endWithUs, nextMessage } from '../machine/children.ts';
import { BenchRepository } from '../server/repository.ts';
import { median } from '../statistics/summary.ts';
import { openTarget } from '../targets/open-target.ts';
import { ask, isRest, type Protocol } from '../targets/target.ts';
import { CASES, type CountedCase, MODELS } from './cases.ts';
import { COUNTS, type Count, type Tally } from './counters.ts';
import type { Order, Report } from './messages.ts';

const SERVER = fileURLToPath(new URL('./counted-server.ts', import.meta.url));

/**
 * No optimising compiler: what it proves unneeded is not allocated, and when it comes to that is a matter of time. A
 * young generation that holds all that is allocated in a case: the collector would forget what it has freed.
 */
const V8_FLAGS = [
  '--expose-gc',
  '--no-opt',
  '--no-maglev',
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
  '--single-threaded-gc',
  '--no-memory-reducer',
];

/** Requests of a round; the median of the rounds counts, after one that does not. */
const REQUESTS = 64;
const ROUNDS = 3;

/** Per request, by case. */
export type Figures = Readonly<Record<string, Tally>>;

/** Counts what a request costs on the server's main thread, in every case. Takes seconds. */
export async function countAll(): Promise<Figures> {
  await using repository = await BenchRepository.create();
  for (const [name, onnx] of Object.entries(MODELS)) await repository.write(name, onnx, { instances: 1 });
  await using server = await CountedServer.start(repository.path);
  const figures: Record<string, Tally> = {};
  for (const each of CASES) figures[each.name] = await countCase(server, each);
  return figures;
}

async function countCase(server: CountedServer, counted: CountedCase): Promise<Tally> {
  const { protocol, model, size } = counted;
  const waves = Math.ceil(REQUESTS / size);
  const work =
    protocol === undefined
      ? { run: () => server.direct(model, waves, size), close: () => {} }
      : await overWire(server, protocol, model, waves);
  const rounds = async (async: boolean): Promise<Tally> => {
    const tallies: Tally[] = [];
    for (let tries = 0; tallies.length < ROUNDS && tries < 3 * ROUNDS; tries++) {
      const { tally: before } = await server.tell({ kind: 'begin', async });
      await work.run();
      const { tally: after, collections } = await server.tell({ kind: 'end' });
      // What the collector has freed cannot be told from what was never allocated.
      if (!async && collections > 0) continue;
      tallies.push(mapCounts((count) => (after[count] - before[count]) / (waves * size)));
    }
    return mapCounts((count) => median(tallies.map((tally) => tally[count])));
  };
  await work.run();
  const memory = await rounds(false);
  const { promises, timers } = await rounds(true);
  work.close();
  return { ...memory, promises, timers };
}

/** One request after the other over one connection. */
async function overWire(server: CountedServer, protocol: Protocol, model: string, requests: number) {
  const target = openTarget({ protocol, address: isRest(protocol) ? server.rest : server.grpc });
  const signature = await target.describe(model);
  const payloads = Array.from({ length: 8 }, (_, seed) =>
    target.encode({ model, rows: 1, inputs: sampleInputs(signature, 1, { seed }) }),
  );
  const run = async (): Promise<void> => {
    for (let index = 0; index < requests; index++) {
      const payload = payloads[index % payloads.length];
      if (payload === undefined) throw new RangeError('there is nothing to send');
      const { failure, message } = await ask(target, payload);
      if (failure !== undefined) throw new Error(`${protocol}: ${failure} ${message ?? ''}`);
    }
  };
  return { run, close: () => target.close() };
}

/** The server in its process. */
class CountedServer implements AsyncDisposable {
  readonly rest: string;
  readonly grpc: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { rest, grpc }: Extract<Report, { kind: 'ready' }>) {
    this.#child = child;
    this.rest = rest;
    this.grpc = grpc;
  }

  static async start(repository: string): Promise<CountedServer> {
    const ports = ['--http-port', '0', '--grpc-port', '0', '--admin-port', '0'];
    const child = fork(
      SERVER,
      ['--model-repository', repository, ...ports, '--cores', '1', '--coalesce', 'false'],
      { execArgv: V8_FLAGS },
    );
    endWithUs(child);
    const report = await next(child);
    if (report.kind !== 'ready') throw new Error('the server did not say that it is ready');
    return new CountedServer(child, report);
  }

  async tell(order: Exclude<Order, { kind: 'direct' }>): Promise<Extract<Report, { kind: 'tally' }>> {
    const report = await this.#ask(order);
    if (report.kind !== 'tally') throw new Error('the server did not say what it has counted');
    return report;
  }

  async direct(model: string, waves: number, size: number): Promise<void> {
    await this.#ask({ kind: 'direct', model, waves, size });
  }

  async #ask(order: Order): Promise<Report> {
    this.#child.send(order);
    return next(this.#child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

const next = (child: ChildProcess): Promise<Report> => nextMessage(child, 'the counted server');

function mapCounts(pick: (count: Count) => number): Tally {
  return Object.fromEntries(COUNTS.map((count) => [count, pick(count)])) as Record<Count, number>;
}
