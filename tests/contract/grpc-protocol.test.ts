import { afterAll, beforeAll } from 'vitest';
import { startGrpc } from '../support/start-grpc.ts';
import { contentsDriver, rawDriver } from './grpc-drivers.ts';
import { describeProtocol } from './protocol-cases.ts';

let grpc: Awaited<ReturnType<typeof startGrpc>>;

beforeAll(async () => {
  grpc = await startGrpc();
});

afterAll(() => grpc.close());

const client = () => grpc.client;

describeProtocol('gRPC with typed contents', 'grpc', () => contentsDriver(client));
// What bytes can carry over HTTP, they can over gRPC.
describeProtocol('gRPC with raw contents', 'binary', () => rawDriver(client));
