/**
 * What one would write without a serving system, the way tutorials show it: Fastify, one session with the runtime's
 * defaults, one run per request. It takes the protocol's JSON, so that the same load can be sent to both.
 * Usage: node bench/baselines/plain-server.ts MODEL.onnx NAME
 */
import { fastify } from 'fastify';
import { InferenceSession, Tensor } from 'onnxruntime-node';

interface WireTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: number[];
  readonly data: readonly (number | string)[];
}

const [path = '', name = ''] = process.argv.slice(2);
const session = await InferenceSession.create(path);

/** The protocol's datatypes, as far as the measured models have them. */
const DATATYPES: Readonly<Record<string, string>> = { float32: 'FP32', int64: 'INT64', string: 'BYTES' };

const describe = (metadata: readonly InferenceSession.ValueMetadata[]) =>
  metadata.flatMap((value) =>
    value.isTensor
      ? [
          {
            name: value.name,
            datatype: DATATYPES[value.type],
            shape: value.shape.map((size) => (typeof size === 'number' ? size : -1)),
          },
        ]
      : [],
  );

function toTensor({ datatype, shape, data }: WireTensor): Tensor {
  if (datatype === 'INT64') return new Tensor('int64', BigInt64Array.from(data, BigInt), shape);
  if (datatype === 'BYTES') return new Tensor('string', data.map(String), shape);
  return new Tensor('float32', Float32Array.from(data, Number), shape);
}

const app = fastify({ bodyLimit: 64 * 1024 * 1024 });

app.get(`/v2/models/${name}`, () => ({
  name,
  inputs: describe(session.inputMetadata),
  outputs: describe(session.outputMetadata),
}));

app.post<{ Body: { inputs: WireTensor[] } }>(`/v2/models/${name}/infer`, async ({ body }) => {
  const feeds = Object.fromEntries(body.inputs.map((input) => [input.name, toTensor(input)]));
  const results = await session.run(feeds);
  const outputs = Object.entries(results).map(([output, { type, dims, data }]) => ({
    name: output,
    datatype: DATATYPES[type],
    shape: dims,
    data: Array.from(data as ArrayLike<number | bigint | string>, (value) =>
      typeof value === 'bigint' ? Number(value) : value,
    ),
  }));
  return { model_name: name, outputs };
});

const address = await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ address });
