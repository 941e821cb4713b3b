import { encodeRawTensor } from '../../src/protocol/raw-tensor.ts';
import { modelPath, RestConnection } from './rest-connection.ts';
import { outputsBeforeBinary } from './rest-json.ts';
import type { BenchRequest, Payload, Target } from './target.ts';

/** The REST form with the binary tensor data extension, both ways. */
export function restBinaryTarget(address: string): Target {
  const connection = new RestConnection(address);
  return {
    describe: (model, version) => connection.describe(model, version),
    encode,
    send: (payload, done) => connection.post(payload, done),
    outputsOf: outputsBeforeBinary,
    close: () => connection.close(),
  };
}

function encode({ model, version, rows, inputs }: BenchRequest): Payload {
  const blobs = [...inputs.values()].map(encodeRawTensor);
  const tensors = [...inputs].map(([name, { datatype, shape }], index) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: blobs[index]?.byteLength ?? 0 },
  }));
  const json = JSON.stringify({ parameters: { binary_data_output: true }, inputs: tensors });
  const header = Buffer.from(json);
  return {
    model,
    rows,
    path: `${modelPath(model, version)}/infer`,
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.byteLength),
    },
    body: Buffer.concat([header, ...blobs]),
  };
}
