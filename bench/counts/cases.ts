import { floats, initializer, input, model, node, output } from '../../tests/support/onnx/graph.ts';
import type { Protocol } from '../targets/target.ts';

/** Elements of the large tensors, 16 kB: large enough to see every copy of them. */
const WIDTH = 4096;

/**
 * Weights that nothing uses. They make the file so large that its runs always go to a worker: whether a short run
 * happens in place is decided by its time, and a count must not depend on that.
 */
const BALLAST = initializer('ballast', 'FP32', [2 ** 21 + 2 ** 10], new Float32Array(2 ** 21 + 2 ** 10));

/** `y` = 2 `x`, FP32 [batch, width]. */
const doubling = (width: number): Buffer =>
  model([
    input('x', 'FP32', ['batch', width]),
    output('y', 'FP32', ['batch', width]),
    floats('two', [], [2]),
    BALLAST,
    node('Mul', ['x', 'two'], ['y']),
  ]);

/** The models that are counted; to be served with one instance each, so that nothing depends on which one is free. */
export const MODELS: Readonly<Record<string, Buffer>> = { tiny: doubling(16), wide: doubling(WIDTH) };

export interface CountedCase {
  readonly name: string;
  readonly model: string;
  /** One request after the other over this; left out: through the data plane, many at once. */
  readonly protocol?: Protocol;
  /** Requests at once. */
  readonly size: number;
}

export const CASES: readonly CountedCase[] = [
  { name: 'tiny, REST JSON', model: 'tiny', protocol: 'rest-json', size: 1 },
  { name: 'tiny, REST binary', model: 'tiny', protocol: 'rest-binary', size: 1 },
  { name: 'tiny, gRPC', model: 'tiny', protocol: 'grpc', size: 1 },
  { name: 'tiny, data plane, 32 at once', model: 'tiny', size: 32 },
  { name: 'wide, REST binary', model: 'wide', protocol: 'rest-binary', size: 1 },
  { name: 'wide, gRPC', model: 'wide', protocol: 'grpc', size: 1 },
  { name: 'wide, data plane, 32 at once', model: 'wide', size: 32 },
];
