import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ByteBudget } from '../gateway/byte-budget.ts';
import { openGateways } from '../gateway/gateways.ts';
import { collectOldObjects } from '../gateway/old-garbage.ts';
import type { RateLimit } from '../gateway/rate-limit.ts';
import type { ServerMetadata } from '../inference/metadata.ts';
import { createLogger } from '../logger.ts';
import { createTaskPlane } from '../tasks/task-plane.ts';
import { MainThread } from './main-thread.ts';
import type { EndedRequest } from './messages.ts';
import { MirroredRegistry } from './mirrored-registry.ts';
import { RemoteDataPlane, remoteTasks } from './remote-data-plane.ts';
import type { Command, Listening } from './thread-commands.ts';

/** What a gateway thread is started with. */
export interface ThreadData {
  /** Of the link to the main thread. */
  readonly port: MessagePort;
  readonly server: ServerMetadata;
  readonly host: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly bodyLimit: number;
  readonly maxInFlightBytes: number;
  /** Bytes in flight over all threads. */
  readonly inFlightBytes: SharedArrayBuffer;
  readonly rateLimit?: Pick<RateLimit, 'max' | 'timeWindowMs'>;
  readonly logLevel: string;
}

/** A gateway thread: REST and gRPC on ports that it shares with its likes, over what the main thread runs. */
async function start(data: ThreadData): Promise<void> {
  const logger = createLogger(data.logLevel);
  const mirrored = Promise.withResolvers<void>();
  let readinessChanged = () => {};
  const main: MainThread = new MainThread(data.port, (mirror) => {
    for (const { model, version } of registry.update(mirror)) void tasks.prepare(model, version);
    readinessChanged();
    mirrored.resolve();
  });
  const registry = new MirroredRegistry({ control: main, onDropped: (snapshot) => main.dropped(snapshot) });
  const dataPlane = new RemoteDataPlane(
    {
      registry,
      server: data.server,
      accepting: () => registry.accepting,
      unresolved: (code) => main.unresolved(code),
    },
    main,
  );
  const tasks = createTaskPlane({ dataPlane, logger });
  const ended =
    (transport: EndedRequest['transport']) =>
    (operation: string, code: string | number, seconds: number, bytesIn: number) =>
      main.ended({ transport, operation, code, seconds, bytesIn });
  await mirrored.promise;
  const { host, httpPort, grpcPort, bodyLimit, rateLimit } = data;
  const gateways = await openGateways({
    dataPlane,
    tasks: remoteTasks(tasks, registry, main),
    host,
    httpPort,
    grpcPort,
    reusePort: true,
    bodyLimit,
    budget: new ByteBudget(data.maxInFlightBytes, data.inFlightBytes),
    ...(rateLimit === undefined
      ? {}
      : { rateLimit: { ...rateLimit, count: (client) => main.count(client) } }),
    logger,
    onRequestEnded: { rest: ended('rest'), grpc: ended('grpc') },
  });
  readinessChanged = () => gateways.readinessChanged();
  collectOldObjects();
  parentPort?.on('message', (command: Command) => {
    if (command.kind === 'drain') gateways.drain();
    else void gateways.close(command.graceMs).then(() => main.closed());
  });
  parentPort?.postMessage(gateways.addresses satisfies Listening);
}

await start(workerData as ThreadData);
