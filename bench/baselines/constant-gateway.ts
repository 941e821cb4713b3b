/**
 * The gateways of this server over a model that answers a constant at once: what they cost with nothing behind them.
 * Usage: node bench/baselines/constant-gateway.ts
 */
import { createGrpcServer } from '../../src/gateway/grpc-server.ts';
import { createRestServer } from '../../src/gateway/rest-server.ts';
import type { ServedVersion } from '../../src/inference/served.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { makeTensor } from '../../src/tensor/tensor.ts';
import { fakeDataPlane, SILENT_LOGGER } from '../../tests/support/fake-data-plane.ts';
import { type FakeModel, FakeRegistry } from '../../tests/support/fake-registry.ts';

const ANSWER = new Map([
  ['logits', makeTensor('FP32', [1, 4], Float32Array.of(0.25, -1.5, 3.75, 0.125))],
  ['label', makeTensor('INT64', [1], BigInt64Array.of(2n))],
]);

/** The signature of the tiny model. */
const CONSTANT: FakeModel = {
  name: 'tiny',
  signature: {
    inputs: [{ name: 'x', datatype: 'FP32', dims: ['batch', 16] }],
    outputs: [
      { name: 'logits', datatype: 'FP32', dims: ['batch', 4] },
      { name: 'label', datatype: 'INT64', dims: ['batch'] },
    ],
  },
  maxBatchSize: 32,
  run: () => ANSWER,
};

/** A look-up costs nothing, as in the real registry. */
class ConstantRegistry extends FakeRegistry {
  #served: ServedVersion | undefined;

  override version(name: string, version?: string): ServedVersion {
    if (name !== CONSTANT.name) return super.version(name, version);
    this.#served ??= super.version(name, version);
    return this.#served;
  }
}

const dataPlane = fakeDataPlane(new ConstantRegistry([CONSTANT]));
const metrics = new Metrics({ version: '0' });
const options = { dataPlane, host: '127.0.0.1', port: 0, logger: SILENT_LOGGER };
const rest = await createRestServer({ ...options, onRequestEnded: metrics.transport('rest') });
const grpc = await createGrpcServer({ ...options, onRequestEnded: metrics.transport('grpc') });
process.send?.({
  address: `http://127.0.0.1:${rest.address.port}`,
  grpc: `127.0.0.1:${grpc.address.port}`,
});
