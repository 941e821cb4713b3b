import { createGrpcServer, type GrpcServerOptions } from '../../src/gateway/grpc-server.ts';
import { fakeDataPlane, SILENT_LOGGER } from './fake-data-plane.ts';
import { GrpcClient } from './grpc-client.ts';

/** A gRPC server on a free port over the fake registry, with what a test changes, and a client of it. */
export async function startGrpc(options: Partial<GrpcServerOptions> = {}) {
  const server = await createGrpcServer({
    dataPlane: fakeDataPlane(),
    host: '127.0.0.1',
    port: 0,
    logger: SILENT_LOGGER,
    ...options,
  });
  const client = new GrpcClient(server.address.port);
  return {
    server,
    client,
    port: server.address.port,
    async close() {
      client.close();
      await server.close(1000);
    },
  };
}

/** A ModelInferRequest of `echo_vector`, or of any model with one FP32 input of rank 1. */
export const vectorRequest = (model = 'echo_vector', id = '') => ({
  model_name: model,
  id,
  inputs: [{ name: 'input', datatype: 'FP32', shape: [2] }],
  raw_input_contents: [Buffer.from(Float32Array.of(1, 2).buffer)],
});
