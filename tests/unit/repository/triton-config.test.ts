import { expect, test } from 'vitest';
import { openRepository } from '../../../src/repository/model-repository.ts';
import { parseTextFormat } from '../../../src/repository/protobuf-text.ts';
import { parseTritonText } from '../../../src/repository/triton-config.ts';
import { folderWith } from './model-files.ts';

const CONFIG = `
# the usual keys
name: "intent"
platform: "onnxruntime_onnx"
backend: 'onnxruntime'
max_batch_size: 16
default_model_filename: "net.onnx"
input [
  { name: "ids" data_type: TYPE_INT64 dims: [ -1, 8 ] },
  { name: "mask" data_type: TYPE_INT64 dims: -1 dims: 8 }
]
output { name: "logits", data_type: TYPE_FP32; dims: [ 2 ] label_filename: "classes.txt" }
instance_group [ { count: 2 kind: KIND_CPU }, { count: 1 } ]
version_policy: { specific: { versions: [1, 3] } }
dynamic_batching {
  preferred_batch_size: [ 4, 8 ]
  max_queue_delay_microseconds: 100
  priority_levels: 2
  default_priority_level: 1
  default_queue_policy < max_queue_size: 64 default_timeout_microseconds: 5000 timeout_action: DELAY >
  preserve_ordering: true
}
parameters { key: "intra_op_thread_count" value: { string_value: "3" } }
parameters { key: "x" value: { string_value: "a" "b" } }
optimization { execution_accelerators { gpu_execution_accelerator: [ { name: "tensorrt" } ] } }
`;

test('the common keys of config.pbtxt become settings, the others are warnings', () => {
  const { settings, name, defaultFile, warnings } = parseTritonText(CONFIG, 'config.pbtxt');
  expect(name).toBe('intent');
  expect(defaultFile).toBe('net.onnx');
  expect(settings).toMatchObject({
    maxBatchSize: 16,
    instances: 3,
    intraOpThreads: 3,
    versionPolicy: { specific: [1, 3] },
    preferredBatchSizes: [4, 8],
    maxQueueDelayMicroseconds: 100,
    priorityLevels: 2,
    defaultPriority: 1,
    maxQueueSize: 64,
    defaultTimeoutMicroseconds: 5000,
    labels: { logits: 'classes.txt' },
    executionProviders: ['cpu'],
  });
  expect(warnings.join('\n')).toMatch(/optimization.*preserve_ordering.*parameters\.x.*DELAY/s);
});

test.each([
  ['version_policy { all {} }', { versionPolicy: 'all' }],
  ['version_policy { latest { num_versions: 3 } }', { versionPolicy: { latest: { count: 3 } } }],
  ['max_batch_size: 0', { maxBatchSize: 0 }],
  ['dynamic_batching {}', { maxBatchSize: 32 }],
  ['response_cache { enable: true }', { responseCache: true }],
  ['response_cache { enable: false }', { responseCache: false }],
  ['instance_group { kind: KIND_GPU gpus: [0] }', { executionProviders: ['cuda'], instances: 1 }],
  ['dynamic_batching { default_queue_policy { max_queue_size: 0 } }', { maxQueueSize: 1024 }],
  ['', { maxBatchSize: 32 }],
])('%s', (text, expected) => {
  expect(parseTritonText(text, 'config.pbtxt').settings).toMatchObject(expected);
});

test.each([
  ['sequence_batching { }', 'sequence_batching is not supported'],
  ['ensemble_scheduling { step [] }', 'ensemble_scheduling is not supported'],
  ['backend: "python"', "backend 'python'"],
  ['platform: "tensorflow_savedmodel"', "platform 'tensorflow_savedmodel'"],
  ['model_transaction_policy { decoupled: true }', 'decoupled'],
  ['max_batch_size: "many"', "'max_batch_size'"],
  ['max_batch_size: -4', "'maxBatchSize'"],
  ['version_policy { newest {} }', "'version_policy'"],
  ['max_batch_size 4', 'line 1'],
  ['input [ { name: "x" }', 'line 1: expected "," or "]", found "the end"'],
  ['\n\nname: "unclosed', 'line 3: unexpected "\\""'],
  ['name: }', 'expected a value, found "}"'],
  ['{', 'the name of a field'],
])('%j is refused with a message that says where', (text, message) => {
  expect(() => parseTritonText(text, 'config.pbtxt')).toThrow(message);
  expect(() => parseTritonText(text, 'config.pbtxt')).toThrow(/^config\.pbtxt/);
});

test('deep nesting is refused before the stack ends', () => {
  expect(() => parseTextFormat('a {'.repeat(100_000))).toThrow('at most 100 levels');
});

test('text format values are read in all their forms', () => {
  const message = parseTextFormat(`a: 1 a: [2, 0x10] b: -1.5e3f c: true d: ENUM e: "x\\n\\"" 'y' f <g: .5>;`);
  expect(message.get('a')).toEqual([1, 2, 16]);
  expect(message.get('b')).toEqual([-1500]);
  expect(message.get('c')).toEqual([true]);
  expect(message.get('d')).toEqual(['ENUM']);
  expect(message.get('e')).toEqual(['x\n"y']);
  expect(message.get('f')).toEqual([new Map([['g', [0.5]]])]);
});

test('a Triton repository is read with its configuration', async () => {
  const path = await folderWith({
    'intent/config.pbtxt': CONFIG,
    'intent/classes.txt': 'no\nyes\n',
    'intent/1/net.onnx': 'x',
    'intent/1/model_int8.onnx': 'x',
    'renamed/config.pbtxt': 'name: "intent"',
    'renamed/1/model.onnx': 'x',
  });
  const { models } = await openRepository({ path }).scan();
  const [intent, renamed] = models;
  expect(intent?.versions[0]?.variants.get('default')?.name).toBe('net.onnx');
  expect(intent?.versions[0]?.labels.byOutput.get('logits')).toEqual(['no', 'yes']);
  expect(renamed?.problem).toBe("config.pbtxt: name is 'intent', the folder's is 'renamed'");
});
