/**
 * Asks the model `intent` over gRPC: `node examples/grpc-client.ts [address] [text]`, by default localhost:8001.
 * Any client made from Triton's or KServe's .proto files does the same.
 */
import { readFileSync } from 'node:fs';
import {
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Tokenizer } from '@huggingface/tokenizers';

const [address = 'localhost:8001', text = 'how do i reset my pin'] = process.argv.slice(2);

const here = (path: string): string => new URL(path, import.meta.url).pathname;
const json = (path: string) => JSON.parse(readFileSync(here(path), 'utf8'));

const { inference } = loadPackageDefinition(
  loadSync(here('../proto/open_inference_grpc.proto'), { keepCase: true, longs: Number }),
);
const { GRPCInferenceService: Service } = inference as GrpcObject;
const client = new (Service as ServiceClientConstructor)(address, credentials.createInsecure());

interface TensorDescription {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

interface Answers {
  ModelMetadata: { readonly inputs: TensorDescription[]; readonly outputs: TensorDescription[] };
  ModelInfer: { readonly raw_output_contents: Buffer[] };
}

function call<Method extends keyof Answers>(method: Method, request: object): Promise<Answers[Method]> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + 10_000;
    client[method]?.(request, { deadline }, (error: Error | null, answer: Answers[Method]) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
}

/** The bytes of an INT64 tensor: little-endian, row-major. */
const int64 = (values: readonly number[]): Buffer => Buffer.from(BigInt64Array.from(values, BigInt).buffer);

/** The elements of a BYTES tensor: each behind its length as a little-endian uint32. */
function* texts(bytes: Buffer) {
  for (let at = 0; at < bytes.length; ) {
    const start = at + 4;
    at = start + bytes.readUInt32LE(at);
    yield bytes.toString('utf8', start, at);
  }
}

const { inputs, outputs } = await call('ModelMetadata', { name: 'intent' });
console.log(`intent: ${text}`);
for (const { name, datatype, shape } of [...inputs, ...outputs]) console.log(name, datatype, shape.join('x'));

const tokenizer = new Tokenizer(
  json('../models/intent/1/tokenizer.json'),
  json('../models/intent/1/tokenizer_config.json'),
);
const { ids, attention_mask: mask } = tokenizer.encode(text);

const { raw_output_contents } = await call('ModelInfer', {
  model_name: 'intent',
  inputs: ['input_ids', 'attention_mask'].map((name) => ({
    name,
    datatype: 'INT64',
    shape: [1, ids.length],
  })),
  raw_input_contents: [int64(ids), int64(mask)],
  // The three best classes in place of all logits, as "value:index:label".
  outputs: [{ name: 'logits', parameters: { classification: { int64_param: 3 } } }],
});
for (const best of texts(raw_output_contents[0] ?? Buffer.of())) console.log(best);
client.close();
