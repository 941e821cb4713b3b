import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { type ChannelOptions, Server, ServerCredentials, setLogger } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';
import type { Logger } from 'pino';
import type { DataPlane } from '../inference/data-plane.ts';
import type { ByteBudget } from './byte-budget.ts';
import { type GrpcRequestEnded, logError } from './grpc-call.ts';
import { GrpcHealth } from './grpc-health.ts';
import { endOnDrain, withHook } from './grpc-hook.ts';
import { inferenceService } from './grpc-service.ts';
import { capTimeouts } from './grpc-timeout.ts';
import { boundMessages } from './message-budget.ts';
import { openSharedPort } from './shared-port.ts';

export interface GrpcServerOptions {
  readonly dataPlane: DataPlane;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Other threads listen there too, and the system shares the connections out (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** Largest message in either direction, after decompression; 64 MiB when left out. */
  readonly maxMessageBytes?: number;
  /** For messages of which a part has come; unlimited when left out. */
  readonly budget?: ByteBudget;
  readonly logger: Logger;
  readonly onRequestEnded?: GrpcRequestEnded;
  readonly limits?: Partial<GrpcLimits>;
}

export interface GrpcLimits {
  /** Calls that one connection may have open at once. */
  readonly maxConcurrentStreams: number;
  /** Requests of one ModelStreamInfer call that may be in work at once. */
  readonly maxStreamInFlight: number;
  /** Memory that one connection may hold in HTTP/2 frames; MiB. */
  readonly maxSessionMemory: number;
  /** A connection that was silent for so long is probed; milliseconds. */
  readonly keepaliveTime: number;
  /** A probe that is not answered by then ends its connection; milliseconds. */
  readonly keepaliveTimeout: number;
  /** Age at which a connection is asked to go, so that clients find new replicas; milliseconds, 0 for never. */
  readonly maxConnectionAge: number;
  /** What its calls then have left to finish; milliseconds. */
  readonly maxConnectionAgeGrace: number;
}

export interface GrpcServer {
  readonly address: { readonly host: string; readonly port: number };
  /** False: the health service says NOT_SERVING, calls are still served. True: it follows the data plane again. */
  setServing(serving: boolean): void;
  /** Tells watchers of the health service what changed; checks see it without. */
  readinessChanged(): void;
  /**
   * No new connections, GOAWAY on the ones there are, NOT_SERVING. Accepted calls finish; streams answer the requests
   * they have read and end with `unavailable`. Idempotent.
   */
  drain(): void;
  /** Drains, and cuts what has not finished after `graceMs`. Settles when every connection is gone. */
  close(graceMs: number): Promise<void>;
}

const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

const DEFAULT_LIMITS: GrpcLimits = {
  maxConcurrentStreams: 1024,
  maxStreamInFlight: 64,
  maxSessionMemory: 1024,
  keepaliveTime: 60_000,
  keepaliveTimeout: 20_000,
  maxConnectionAge: 0,
  maxConnectionAgeGrace: 30_000,
};

const PROTO = join(import.meta.dirname, '../../proto/open_inference_grpc.proto');

/** The gRPC side of the server: the inference service, health and reflection. Rejects when the port cannot be had. */
export async function createGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { dataPlane, logger, host, budget, maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES } = options;
  const largest = Math.min(maxMessageBytes, budget?.limit ?? Infinity);
  const ended = options.onRequestEnded ?? (() => {});
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  logThrough(logger);
  const server = new Server(channelOptions(largest, maxMessageBytes, limits));
  const draining = new AbortController();
  const health = new GrpcHealth(dataPlane);
  const { definition, implementation } = inferenceService({
    dataPlane,
    logger,
    ended,
    maxInFlight: limits.maxStreamInFlight,
    maxMessageBytes,
    draining: draining.signal,
  });
  server.addService(definition, implementation);
  const drained = withHook(server, (call) => endOnDrain(call, draining.signal));
  health.addTo(drained);
  reflection().addToServer(drained);
  const shared = options.reusePort === true ? await openSharedPort(server, options) : undefined;
  const port = shared?.port ?? (await listen(server, options));
  const timeouts = capTimeouts(port);
  const bounds =
    budget &&
    boundMessages({
      budget,
      port,
      methods: new Map(Object.entries(definition).map(([name, { path }]) => [path, name])),
      largest,
      onRefused: ({ method, requestId, error, bytes, seconds }) => {
        logError(logger, method, error, { requestId });
        ended(method, error.code, seconds, bytes);
      },
    });

  let finished: Promise<void> | undefined;
  const finish = (): Promise<void> => {
    if (finished !== undefined) return finished;
    health.setServing(false);
    draining.abort();
    const accepted = shared?.close();
    finished = new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
      .then(() => accepted)
      .finally(() => {
        bounds?.[Symbol.dispose]();
        timeouts[Symbol.dispose]();
      });
    return finished;
  };
  return {
    address: { host, port },
    setServing: (serving) => health.setServing(serving),
    readinessChanged: () => health.refresh(),
    drain: () => void finish(),
    close: async (graceMs) => {
      const cut = (): void => {
        server.forceShutdown();
        shared?.cut();
      };
      const timer = setTimeout(cut, graceMs);
      await finish();
      clearTimeout(timer);
    },
  };
}

/** grpc-js writes to standard error by itself, and has one logger for the process. */
function logThrough(logger: Logger): void {
  const say = (message: unknown) => logger.warn({ library: 'grpc-js' }, String(message));
  setLogger({ error: say, info: say, debug: say });
}

function channelOptions(received: number, sent: number, limits: GrpcLimits): ChannelOptions {
  return {
    'grpc.max_receive_message_length': received,
    'grpc.max_send_message_length': sent,
    'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
    'grpc-node.max_session_memory': limits.maxSessionMemory,
    'grpc.keepalive_time_ms': limits.keepaliveTime,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeout,
    ...(limits.maxConnectionAge === 0
      ? {}
      : {
          'grpc.max_connection_age_ms': limits.maxConnectionAge,
          'grpc.max_connection_age_grace_ms': limits.maxConnectionAgeGrace,
        }),
    // Without its call statistics, grpc-js keeps no list of connections and could not cut them at the end of the grace.
    'grpc.enable_channelz': 1,
  };
}

/** Describes the services to tools like grpcurl, from the same files that the message code is made of. */
function reflection(): ReflectionService {
  const inference = loadSync(PROTO, { keepCase: true });
  const health = loadSync(healthProto, { keepCase: true });
  return new ReflectionService({ ...inference, ...health });
}

function listen(server: Server, { host, port }: GrpcServerOptions): Promise<number> {
  const authority = isIPv6(host) ? `[${host}]` : host;
  return new Promise((resolve, reject) => {
    server.bindAsync(`${authority}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}
