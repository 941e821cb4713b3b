import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { addressesOf } from '../gateway/addresses.ts';
import type { Gateways, GatewaysOptions } from '../gateway/gateways.ts';
import type { RateLimit } from '../gateway/rate-limit.ts';
import type { CallServerOptions } from './call-server.ts';
import { GatewayThread } from './gateway-thread.ts';
import { RequestCounts } from './request-counts.ts';

export interface GatewayThreadsOptions
  extends Pick<
      GatewaysOptions,
      'dataPlane' | 'tasks' | 'host' | 'httpPort' | 'grpcPort' | 'bodyLimit' | 'logger'
    >,
    Pick<CallServerOptions, 'publisher' | 'onRequestEnded' | 'unresolved'> {
  /** How many. */
  readonly count: number;
  /** For all bodies and messages at hand together. */
  readonly maxInFlightBytes: number;
  readonly rateLimit?: Pick<RateLimit, 'max' | 'timeWindowMs'>;
}

export interface GatewayThreads extends Gateways {
  /** Seconds for which the event loop of each was busy. */
  activeSeconds(): readonly number[];
}

/**
 * REST and gRPC in threads of their own, which share the ports: the system gives each connection to one of them. Rejects
 * where an address cannot be had.
 */
export async function openGatewayThreads(options: GatewayThreadsOptions): Promise<GatewayThreads> {
  const { count, dataPlane, host, httpPort, grpcPort, logger, maxInFlightBytes, rateLimit } = options;
  const data = {
    server: dataPlane.serverMetadata,
    host,
    bodyLimit: options.bodyLimit,
    maxInFlightBytes,
    inFlightBytes: new SharedArrayBuffer(8),
    ...(rateLimit === undefined ? {} : { rateLimit }),
    logLevel: logger.level,
  };
  const calls = { ...options, counts: new RequestCounts(rateLimit?.timeWindowMs ?? 1000) };
  await assertFree(host, [httpPort, grpcPort]);
  const first = await GatewayThread.start({ ...data, httpPort, grpcPort }, calls);
  const { http, grpc } = first.addresses;
  const ports = { httpPort: http.port, grpcPort: grpc.port };
  const others = await Promise.allSettled(
    Array.from({ length: count - 1 }, () => GatewayThread.start({ ...data, ...ports }, calls)),
  );
  const threads = [first, ...others.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))];
  const failed = others.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(threads.map((thread) => thread.close(0)));
    throw failed.reason;
  }
  return {
    addresses: first.addresses,
    activeSeconds: () => threads.map((thread) => thread.activeSeconds),
    drain() {
      for (const thread of threads) thread.drain();
    },
    // Every thread hears of it by the mirror.
    readinessChanged() {},
    async close(graceMs) {
      await Promise.all(threads.map((thread) => thread.close(graceMs)));
    },
  };
}

/** A shared port tells nobody that somebody has it already: another server, or the other protocol. Rejects there. */
async function assertFree(host: string, ports: readonly number[]): Promise<void> {
  const probes: Server[] = [];
  try {
    for (const address of await addressesOf(host)) {
      for (const port of ports.filter((each) => each !== 0)) {
        const probe = createServer().listen(port, address);
        probes.push(probe);
        await once(probe, 'listening');
      }
    }
  } finally {
    await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  }
}
