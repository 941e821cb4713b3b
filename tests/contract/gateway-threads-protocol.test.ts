import { afterAll, beforeAll } from 'vitest';
import { GrpcClient } from '../support/grpc-client.ts';
import { type StartedThreads, startGatewayThreads } from '../support/start-gateway-threads.ts';
import { contentsDriver, rawDriver } from './grpc-drivers.ts';
import { describeProtocol } from './protocol-cases.ts';
import { binaryDriver, jsonDriver } from './rest-drivers.ts';

let started: StartedThreads;
let client: GrpcClient;

beforeAll(async () => {
  started = await startGatewayThreads();
  client = new GrpcClient(started.grpcPort);
});

afterAll(async () => {
  client.close();
  await started[Symbol.asyncDispose]();
});

describeProtocol('REST with JSON, in gateway threads', 'json', () => jsonDriver(started.base));
describeProtocol('REST with binary data, in gateway threads', 'binary', () => binaryDriver(started.base));
describeProtocol('gRPC with typed contents, in gateway threads', 'grpc', () => contentsDriver(() => client));
describeProtocol('gRPC with raw contents, in gateway threads', 'binary', () => rawDriver(() => client));
