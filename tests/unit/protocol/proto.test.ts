import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { GENERATED_FOLDER, generate } from '../../../proto/generate.ts';

/** Messages of the public protocol with the number of every field, a repeated field with *, a map with %. */
const PUBLIC = `
ServerLiveResponse: bool live 1
ServerReadyResponse: bool ready 1
ModelReadyRequest: string name 1, string version 2
ModelReadyResponse: bool ready 1
ServerMetadataResponse: string name 1, string version 2, string* extensions 3
ModelMetadataRequest: string name 1, string version 2
ModelMetadataResponse: string name 1, string* versions 2, string platform 3, TensorMetadata* inputs 4, TensorMetadata* outputs 5
ModelMetadataResponse.TensorMetadata: string name 1, string datatype 2, int64* shape 3
InferParameter: bool bool_param 1, int64 int64_param 2, string string_param 3, double double_param 4, uint64 uint64_param 5
InferTensorContents: bool* bool_contents 1, int32* int_contents 2, int64* int64_contents 3, uint32* uint_contents 4, uint64* uint64_contents 5, float* fp32_contents 6, double* fp64_contents 7, bytes* bytes_contents 8
ModelInferRequest: string model_name 1, string model_version 2, string id 3, InferParameter% parameters 4, InferInputTensor* inputs 5, InferRequestedOutputTensor* outputs 6, bytes* raw_input_contents 7
ModelInferRequest.InferInputTensor: string name 1, string datatype 2, int64* shape 3, InferParameter% parameters 4, InferTensorContents contents 5
ModelInferRequest.InferRequestedOutputTensor: string name 1, InferParameter% parameters 2
ModelInferResponse: string model_name 1, string model_version 2, string id 3, InferParameter% parameters 4, InferOutputTensor* outputs 5, bytes* raw_output_contents 6
ModelInferResponse.InferOutputTensor: string name 1, string datatype 2, int64* shape 3, InferParameter% parameters 4, InferTensorContents contents 5
ModelStreamInferResponse: string error_message 1, ModelInferResponse infer_response 2
ModelConfigRequest: string name 1, string version 2
ModelConfigResponse: ModelConfig config 1
ModelStatisticsRequest: string name 1, string version 2
ModelStatisticsResponse: ModelStatistics* model_stats 1
ModelStatistics: string name 1, string version 2, uint64 last_inference 3, uint64 inference_count 4, uint64 execution_count 5, InferStatistics inference_stats 6, InferBatchStatistics* batch_stats 7
InferStatistics: StatisticDuration success 1, StatisticDuration fail 2, StatisticDuration queue 3, StatisticDuration compute_input 4, StatisticDuration compute_infer 5, StatisticDuration compute_output 6, StatisticDuration cache_hit 7, StatisticDuration cache_miss 8
InferBatchStatistics: uint64 batch_size 1, StatisticDuration compute_input 2, StatisticDuration compute_infer 3, StatisticDuration compute_output 4
StatisticDuration: uint64 count 1, uint64 ns 2
ModelRepositoryParameter: bool bool_param 1, int64 int64_param 2, string string_param 3, bytes bytes_param 4
RepositoryIndexRequest: string repository_name 1, bool ready 2
RepositoryIndexResponse: ModelIndex* models 1
RepositoryIndexResponse.ModelIndex: string name 1, string version 2, string state 3, string reason 4
RepositoryModelLoadRequest: string repository_name 1, string model_name 2, ModelRepositoryParameter% parameters 3
RepositoryModelUnloadRequest: string repository_name 1, string model_name 2, ModelRepositoryParameter% parameters 3
ModelConfig: string name 1, string platform 2, ModelVersionPolicy version_policy 3, int32 max_batch_size 4, ModelInput* input 5, ModelOutput* output 6, ModelInstanceGroup* instance_group 7, string default_model_filename 8, ModelDynamicBatching dynamic_batching 11, ModelParameter% parameters 14, string backend 17
ModelVersionPolicy: Latest latest 1, All all 2, Specific specific 3
ModelVersionPolicy.Latest: uint32 num_versions 1
ModelVersionPolicy.Specific: int64* versions 1
ModelInput: string name 1, DataType data_type 2, int64* dims 4
ModelOutput: string name 1, DataType data_type 2, int64* dims 3
ModelInstanceGroup: string name 1, int32 count 2, Kind kind 4
ModelDynamicBatching: int32* preferred_batch_size 1, uint64 max_queue_delay_microseconds 2, uint64 priority_levels 4, uint64 default_priority_level 5, ModelQueuePolicy default_queue_policy 6
ModelQueuePolicy: TimeoutAction timeout_action 1, uint64 default_timeout_microseconds 2, bool allow_timeout_override 3, uint32 max_queue_size 4
ModelParameter: string string_value 1
`.trim();

/** Enumerations of the public protocol. */
const ENUMS = {
  DataType: `TYPE_INVALID TYPE_BOOL TYPE_UINT8 TYPE_UINT16 TYPE_UINT32 TYPE_UINT64 TYPE_INT8 TYPE_INT16 TYPE_INT32
    TYPE_INT64 TYPE_FP16 TYPE_FP32 TYPE_FP64 TYPE_STRING TYPE_BF16`,
  'ModelInstanceGroup.Kind': 'KIND_AUTO KIND_GPU KIND_CPU KIND_MODEL',
  'ModelQueuePolicy.TimeoutAction': 'REJECT DELAY',
};

const folder = fileURLToPath(new URL('../../../proto/', import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (_, target) => join(folder, target.split('/').at(-1) ?? target);
root.loadSync('open_inference_grpc.proto', { keepCase: true });
const inference = root.lookup('inference') as protobuf.Namespace;

function messages(namespace: protobuf.NamespaceBase, prefix = ''): string[] {
  return namespace.nestedArray.flatMap((each) => {
    if (!(each instanceof protobuf.Type)) return [];
    const mark = (field: protobuf.Field) => (field.map ? '%' : field.repeated ? '*' : '');
    const fields = each.fieldsArray.map((field) => `${field.type}${mark(field)} ${field.name} ${field.id}`);
    const nested = messages(each, `${prefix}${each.name}.`);
    return fields.length === 0 ? nested : [`${prefix}${each.name}: ${fields.join(', ')}`, ...nested];
  });
}

test('every message has the names, types and numbers of the public protocol', () => {
  const sorted = (lines: string[]) =>
    lines
      .map((line) => line.replace(/: .*/, (fields) => `: ${fields.slice(2).split(', ').sort().join(', ')}`))
      .sort();
  expect(sorted(messages(inference))).toEqual(sorted(PUBLIC.split('\n')));
});

test('every enumeration has the names and numbers of the public protocol', () => {
  for (const [name, values] of Object.entries(ENUMS)) {
    const expected = Object.fromEntries(values.split(/\s+/).map((value, index) => [value, index]));
    expect({ [name]: inference.lookupEnum(name).values }).toEqual({ [name]: expected });
  }
});

test("the service has the public protocol's methods, one of them a stream", () => {
  const { methodsArray } = inference.lookupService('GRPCInferenceService');
  const described = methodsArray.map(
    ({ name, requestType, requestStream = false, responseType, responseStream = false }) =>
      `${requestStream ? 'stream ' : ''}${requestType} -> ${responseStream ? 'stream ' : ''}${responseType} (${name})`,
  );
  const plain = ['ServerLive', 'ServerReady', 'ModelReady', 'ServerMetadata', 'ModelMetadata', 'ModelInfer'];
  const triton = [
    'ModelConfig',
    'ModelStatistics',
    'RepositoryIndex',
    'RepositoryModelLoad',
    'RepositoryModelUnload',
  ];
  expect(described.sort()).toEqual(
    [
      ...[...plain, ...triton].map((name) => `${name}Request -> ${name}Response (${name})`),
      'stream ModelInferRequest -> stream ModelStreamInferResponse (ModelStreamInfer)',
    ].sort(),
  );
});

test('the generated code is what the generator makes of proto/', async () => {
  const fresh = mkdtempSync(join(tmpdir(), 'sluice-proto-'));
  try {
    await generate(fresh);
    for (const name of ['inference.js', 'inference.d.ts']) {
      const committed = readFileSync(join(GENERATED_FOLDER, name), 'utf8');
      expect(
        readFileSync(join(fresh, name), 'utf8') === committed,
        `npm run proto:gen would change ${name}`,
      ).toBe(true);
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
});
