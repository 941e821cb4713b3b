import { createServer } from 'node:net';
import { status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath } from 'grpc-health-check';
import { expect, test } from 'vitest';
import type { TensorMap } from '../../src/tensor/tensor.ts';
import { fakeDataPlane } from '../support/fake-data-plane.ts';
import { echoModel, FakeRegistry } from '../support/fake-registry.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { startGrpc, vectorRequest } from '../support/start-grpc.ts';

const HEALTH = loadSync(protoPath, { keepCase: true, enums: String, defaults: true });

/** A server with readiness in the test's hands, and a client of its health service. */
async function startReady() {
  let accepting = true;
  const registry = new FakeRegistry();
  const grpc = await startGrpc({ dataPlane: fakeDataPlane(registry, () => accepting) });
  const health = new GrpcClient(grpc.port, { definition: HEALTH, service: 'grpc.health.v1.Health' });
  const check = async (service: string) => {
    const { response } = await health.unary('Check', { service });
    return response['status'];
  };
  return {
    ...grpc,
    registry,
    health,
    check,
    stopAccepting: () => {
      accepting = false;
    },
    close: async () => {
      health.close();
      await grpc.close();
    },
  };
}

test('health follows readiness at once, for the server and for every model', async () => {
  const { registry, health, check, stopAccepting, close } = await startReady();
  expect(await check('')).toBe('SERVING');
  expect(await check('inference.GRPCInferenceService')).toBe('SERVING');
  expect(await check('add')).toBe('SERVING');
  expect(await check('absent')).toBe('NOT_SERVING');
  expect(await health.fault('Check', { service: 'nobody' })).toMatchObject({ code: status.NOT_FOUND });
  await registry.unload('add');
  expect(await check('add')).toBe('NOT_SERVING');
  expect(await check('')).toBe('SERVING');
  stopAccepting();
  expect(await check('')).toBe('NOT_SERVING');
  expect(await check('inference.GRPCInferenceService')).toBe('NOT_SERVING');
  await close();
});

test('watchers hear of every change, and are let go when the server drains', async () => {
  const { server, health, close } = await startReady();
  const watch = health.serverStream('Watch', { service: '' });
  expect(await watch.next()).toEqual({ status: 'SERVING' });
  server.setServing(false);
  expect(await watch.next()).toEqual({ status: 'NOT_SERVING' });
  server.setServing(true);
  expect(await watch.next()).toEqual({ status: 'SERVING' });
  server.drain();
  expect(await watch.next()).toEqual({ status: 'NOT_SERVING' });
  expect(await watch.next()).toBeUndefined();
  await close();
});

test('a watcher of a model hears of its unloading when the server is told of a change', async () => {
  const { server, registry, health, close } = await startReady();
  const watch = health.serverStream('Watch', { service: 'add' });
  expect(await watch.next()).toEqual({ status: 'SERVING' });
  await registry.unload('add');
  server.readinessChanged();
  expect(await watch.next()).toEqual({ status: 'NOT_SERVING' });
  await close();
});

test('reflection lists the services and describes their messages', async () => {
  const grpc = await startGrpc();
  const reflection = await reflectionClient(grpc.port);
  const stream = reflection.stream('ServerReflectionInfo');
  stream.send({ list_services: '*' });
  expect(await stream.next()).toMatchObject({
    list_services_response: {
      service: [{ name: 'inference.GRPCInferenceService' }, { name: 'grpc.health.v1.Health' }],
    },
  });
  stream.send({ file_containing_symbol: 'inference.ModelInferRequest' });
  const { file_descriptor_response: files } = (await stream.next()) as {
    file_descriptor_response: { file_descriptor_proto: Buffer[] };
  };
  expect(Buffer.concat(files.file_descriptor_proto).toString('latin1')).toContain('raw_input_contents');
  stream.end();
  reflection.close();
  await grpc.close();
});

/** The reflection service describes itself: its own definition comes from the package that serves it. */
async function reflectionClient(port: number): Promise<GrpcClient> {
  const path = import.meta.resolve('@grpc/reflection');
  const proto = new URL('../proto/grpc/reflection/v1/reflection.proto', path);
  const definition = loadSync(proto.pathname, { keepCase: true, defaults: false, oneofs: true });
  return new GrpcClient(port, { definition, service: 'grpc.reflection.v1.ServerReflection' });
}

/** A server with one model whose run ends when the test says so. */
async function startHeld() {
  const { promise: running, resolve: begin } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const model = {
    ...echoModel('held', 'FP32', ''),
    run: async (inputs: TensorMap) => {
      begin();
      await released;
      return new Map([...inputs].map(([, tensor]) => ['output', tensor] as const));
    },
  };
  const grpc = await startGrpc({ dataPlane: fakeDataPlane(new FakeRegistry([model])) });
  return { ...grpc, running, release };
}

test('a draining server takes no connection, and finishes what it has accepted', async () => {
  const { server, client, port, running, release } = await startHeld();
  const accepted = client.unary('ModelInfer', vectorRequest('held'));
  await running;
  server.drain();
  const late = new GrpcClient(port);
  expect(await late.fault('ServerLive', {})).toMatchObject({ code: status.UNAVAILABLE });
  release();
  expect((await accepted).response).toMatchObject({ model_name: 'held' });
  await server.close(10_000);
  late.close();
  client.close();
});

test('what does not finish within the grace is cut', async () => {
  const { server, client, running } = await startHeld();
  const stuck = client.fault('ModelInfer', vectorRequest('held'));
  await running;
  await server.close(0);
  expect((await stuck).code).not.toBe(status.OK);
  client.close();
});

test('closing twice is closing once', async () => {
  const { server, client } = await startGrpc();
  client.close();
  await Promise.all([server.close(1000), server.close(1000)]);
  server.drain();
});

test('a port that is taken is said before anything is served', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(startGrpc({ port })).rejects.toThrow(/EADDRINUSE/);
  taken.close();
});
