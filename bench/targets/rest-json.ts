import { isStrings, type Tensor } from '../../src/tensor/tensor.ts';
import { modelPath, RestConnection } from './rest-connection.ts';
import type { Answer, AnswerOutput, BenchRequest, Payload, Target } from './target.ts';

/** The protocol's REST form with all tensors as JSON. */
export function restJsonTarget(address: string): Target {
  const connection = new RestConnection(address);
  return {
    describe: (model, version) => connection.describe(model, version),
    encode,
    send: (payload, done) => connection.post(payload, done),
    outputsOf: (answer) => outputsIn(answer.body),
    close: () => connection.close(),
  };
}

function encode({ model, version, rows, inputs }: BenchRequest): Payload {
  const tensors = [...inputs].map(([name, tensor]) => {
    const { datatype, shape } = tensor;
    return { name, datatype, shape, data: elements(tensor) };
  });
  return {
    model,
    rows,
    path: `${modelPath(model, version)}/infer`,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ inputs: tensors })),
  };
}

function elements({ data, datatype }: Tensor): unknown[] {
  if (datatype === 'FP16' || datatype === 'BF16') throw new Error(`${datatype} has no JSON form`);
  if (isStrings(data)) return [...data];
  const numbers: ArrayLike<number | bigint> = data;
  return Array.from(numbers, (value) => (datatype === 'BOOL' ? Number(value) === 1 : Number(value)));
}

/** The outputs that the JSON of an infer answer lists. */
function outputsIn(json: Buffer): readonly AnswerOutput[] {
  const { outputs } = JSON.parse(json.toString()) as { outputs?: AnswerOutput[] };
  if (outputs === undefined || outputs.length === 0) throw new Error('the answer has no outputs');
  return outputs;
}

/** The outputs of an answer whose JSON may be followed by binary data. */
export function outputsBeforeBinary({ body, headers = {} }: Answer): readonly AnswerOutput[] {
  const length = headers['inference-header-content-length'];
  return outputsIn(length === undefined ? body : body.subarray(0, Number(length)));
}
