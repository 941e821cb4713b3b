import {
  type GatewayThreads,
  type GatewayThreadsOptions,
  openGatewayThreads,
} from '../../src/gateway-threads/gateway-threads.ts';
import { MirrorPublisher } from '../../src/gateway-threads/mirror-publisher.ts';
import { fakeDataPlane, SILENT_LOGGER } from './fake-data-plane.ts';
import { FakeRegistry } from './fake-registry.ts';

export interface StartedThreads extends AsyncDisposable {
  readonly gateways: GatewayThreads;
  readonly registry: FakeRegistry;
  readonly publisher: MirrorPublisher;
  /** Base address of REST, and the port of gRPC. */
  readonly base: string;
  readonly grpcPort: number;
}

/** Two gateway threads on free ports over a registry in memory, with what a test changes. */
export async function startGatewayThreads(
  options: Partial<GatewayThreadsOptions> = {},
  registry = new FakeRegistry(),
): Promise<StartedThreads> {
  const publisher = new MirrorPublisher({ registry, accepting: () => true, hasRollout: () => false });
  const gateways = await openGatewayThreads({
    count: 2,
    dataPlane: fakeDataPlane(registry),
    tasks: { run: () => Promise.reject(new Error('the fake models have no tasks')) },
    publisher,
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    bodyLimit: 64 * 1024 * 1024,
    maxInFlightBytes: 1024 * 1024 * 1024,
    logger: SILENT_LOGGER,
    onRequestEnded: { rest: () => {}, grpc: () => {} },
    unresolved: () => {},
    ...options,
  });
  const { http, grpc } = gateways.addresses;
  return {
    gateways,
    registry,
    publisher,
    base: `http://${http.host}:${http.port}`,
    grpcPort: grpc.port,
    [Symbol.asyncDispose]: () => gateways.close(1000),
  };
}
