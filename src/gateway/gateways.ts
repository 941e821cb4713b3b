import type { Logger } from 'pino';
import type { DataPlane } from '../inference/data-plane.ts';
import type { TaskPlane } from '../inference/task-plane.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { GrpcRequestEnded } from './grpc-call.ts';
import { createGrpcServer } from './grpc-server.ts';
import type { RateLimit } from './rate-limit.ts';
import { createRestServer, type RequestEnded } from './rest-server.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface GatewaysOptions {
  readonly dataPlane: DataPlane;
  readonly tasks: TaskPlane;
  readonly host: string;
  /** 0 for any free port, here as below. */
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Other threads listen on the same ports. */
  readonly reusePort?: boolean;
  /** Bytes of a body or a message. */
  readonly bodyLimit: number;
  /** For all bodies and messages at hand together. */
  readonly budget: ByteBudget;
  /** Of REST; none when left out. */
  readonly rateLimit?: RateLimit;
  readonly logger: Logger;
  readonly onRequestEnded: { readonly rest: RequestEnded; readonly grpc: GrpcRequestEnded };
}

/** REST and gRPC, in whichever threads they are. */
export interface Gateways {
  readonly addresses: Readonly<Record<'http' | 'grpc', Address>>;
  /** From now on answers and health tell clients to go elsewhere. New requests are still served. */
  drain(): void;
  /** What is loaded has changed: watchers of the health service are told. */
  readinessChanged(): void;
  /** Finishes every accepted request, and cuts after `graceMs` what has not finished by then. Idempotent. */
  close(graceMs: number): Promise<void>;
}

/** Opens both in this thread. Rejects, with nothing left open, where an address cannot be had. */
export async function openGateways(options: GatewaysOptions): Promise<Gateways> {
  const { dataPlane, tasks, host, httpPort, grpcPort, reusePort = false } = options;
  const { bodyLimit, budget, rateLimit, logger, onRequestEnded } = options;
  const rest = await createRestServer({
    dataPlane,
    tasks,
    host,
    port: httpPort,
    reusePort,
    bodyLimit,
    budget,
    ...(rateLimit === undefined ? {} : { rateLimit }),
    logger,
    onRequestEnded: onRequestEnded.rest,
  });
  const grpc = await createGrpcServer({
    dataPlane,
    host,
    port: grpcPort,
    reusePort,
    maxMessageBytes: bodyLimit,
    budget,
    logger,
    onRequestEnded: onRequestEnded.grpc,
  }).catch(async (error: unknown) => {
    await rest.close(0);
    throw error;
  });
  return {
    addresses: { http: rest.address, grpc: grpc.address },
    drain() {
      rest.drain();
      grpc.setServing(false);
    },
    readinessChanged: () => grpc.readinessChanged(),
    async close(graceMs) {
      grpc.drain();
      await Promise.all([rest.close(graceMs), grpc.close(graceMs)]);
    },
  };
}
