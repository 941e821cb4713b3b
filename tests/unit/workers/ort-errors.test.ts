import { expect, test } from 'vitest';
import { openFailure, runFailure } from '../../../src/workers/ort-errors.ts';

test('a failed run is told without places in the source of the runtime', () => {
  const native =
    "Non-zero status code returned while running Add node. Name:'' Status Message: " +
    '/onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:583 ' +
    'void onnxruntime::BroadcastIterator::Append(ptrdiff_t, ptrdiff_t) axis == 1 was false. Attempting 2 by 3\n';
  const error = runFailure(new Error(native));
  expect(error.message).toBe('the model failed: Add: axis == 1 was false. Attempting 2 by 3');
  expect(error.code).toBe('internal');
});

test('an input the model cannot take is the fault of the request', () => {
  const native =
    'Got invalid dimensions for input: a for the following indices\n index: 1 Got: 5 Expected: 4\n';
  expect(runFailure(new Error(native)).code).toBe('invalid_argument');
});

test('an id that the model has no entry for is the fault of the request, as far as that can be told', () => {
  const native =
    "Non-zero status code returned while running Gather node. Name:'/embeddings/Gather' Status Message: " +
    'indices element out of data bounds, idx=4000 must be within the inclusive range [-2003,2002]';
  expect(runFailure(new Error(native))).toMatchObject({
    code: 'invalid_argument',
    reason: 'failed',
    message: expect.stringMatching(/Gather: indices element out of data bounds, idx=4000/),
  });
});

test('control characters do not get from a model file into a message', () => {
  expect(runFailure(new Error('bad\u001b[31m\r\nname')).message).toBe('the model failed: bad [31m name');
});

test('a long reason is cut', () => {
  expect(runFailure(new Error('x'.repeat(5000))).message.length).toBeLessThan(500);
});

test('a file that cannot be opened is named without its folder', () => {
  const error = openFailure(
    '/secret/place/model.onnx',
    new Error('Load model from /secret/place/model.onnx failed'),
  );
  expect(error.message).toBe('cannot load model.onnx: Load model from model.onnx failed');
});
