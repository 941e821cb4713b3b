import { afterAll, describe, expect, test } from 'vitest';
import { OrtSession } from '../../../src/workers/ort-session.ts';
import { modelFolder } from '../../support/onnx/make-models.ts';
import {
  addModel,
  bfloat16Model,
  garbage,
  int4Model,
  mlpModel,
  nonZeroModel,
  poisonModel,
  scalarModel,
  sequenceModel,
  truncated,
  unnamedBatchModel,
} from '../../support/onnx/models.ts';
import { floatTensor, integerTensor, tensors } from '../../support/tensors.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

const CPU = { intraOpThreads: 1, executionProviders: ['cpu'] };

async function open(bytes: Buffer, executionProviders: readonly string[] = ['cpu']): Promise<OrtSession> {
  return OrtSession.open(await folder.write('model.onnx', bytes), { intraOpThreads: 1, executionProviders });
}

describe('a session that is opened', () => {
  test('reads names, datatypes and dimensions from the file', async () => {
    const session = await open(mlpModel({ inputs: 5, outputs: 2 }));
    expect(session.signature).toEqual({
      inputs: [{ name: 'x', datatype: 'FP32', dims: ['batch', 5] }],
      outputs: [
        { name: 'logits', datatype: 'FP32', dims: ['batch', 2] },
        { name: 'label', datatype: 'INT64', dims: ['batch'] },
      ],
    });
    await session.close();
  });

  test('leaves a dimension without a name unnamed', async () => {
    const session = await open(unnamedBatchModel());
    expect(session.signature.inputs[0]?.dims).toEqual(['', 4]);
    await session.close();
  });

  test('serves the tensor outputs of a model that also has a sequence, and names the sequence', async () => {
    const session = await open(sequenceModel());
    expect(session.omittedOutputs).toEqual(['pieces']);
    const x = floatTensor([1, 4], [1, 2, 3, 4]);
    const { outputs } = await session.run(tensors({ x }));
    expect(outputs).toEqual(tensors({ y: x }));
    await session.close();
  });

  test.each([
    ['4-bit integers', int4Model(), "output 'y' is INT4"],
    ['bfloat16', bfloat16Model(), "output 'y' is BF16"],
    ['a garbage file', garbage(), 'Protobuf parsing failed'],
    ['a truncated file', truncated(), 'Protobuf parsing failed'],
  ])('refuses %s with the reason, and without its folder', async (_, bytes, reason) => {
    const error = await open(bytes).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'failed_precondition' });
    expect(String(error)).toContain(reason);
    expect(String(error)).not.toContain(folder.path);
  });

  test.each([
    [['cuda'], "'cuda' cannot be used on this machine"],
    [['tensorrt', 'cpu'], "'tensorrt' cannot be used on this machine"],
    [['dml', 'cpu'], "'dml' is not in this build"],
    [['nonsense'], "'nonsense' is not in this build"],
    [[], 'no execution provider is configured'],
  ])('does not fall back from execution providers %j', async (providers, reason) => {
    await expect(open(addModel(), providers)).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining(reason),
    });
  });

  test('gives the same answers however far the graph may be rewritten', async () => {
    const path = await folder.write('mlp.onnx', mlpModel());
    const inputs = tensors({ x: floatTensor([2, 16], 1) });
    const [plain, rewritten] = (['disabled', 'all'] as const).map((graphOptimization) => {
      const outputs = OrtSession.open(path, { ...CPU, graphOptimization }).runSync(inputs);
      return outputs.get('label')?.data;
    });
    expect(plain).toEqual(rewritten);
  });

  test('says that a missing file is missing', () => {
    expect(() => OrtSession.open(`${folder.path}/absent.onnx`, CPU)).toThrow(/absent\.onnx.*doesn't exist/i);
  });
});

describe('a session that runs', () => {
  test('takes and gives scalars', async () => {
    const session = await open(scalarModel());
    const { outputs } = await session.run(tensors({ x: floatTensor([], 21) }));
    expect(outputs).toEqual(tensors({ y: floatTensor([], 42) }));
    await session.close();
  });

  test('gives outputs whose shape depends on the values', async () => {
    const session = await open(nonZeroModel());
    const { outputs } = await session.run(tensors({ x: floatTensor([2, 4], [0, 7, 0, 0, 0, 0, 0, 7]) }));
    expect(outputs).toEqual(tensors({ positions: integerTensor([2, 2], [0, 1, 1, 3]) }));
    const { outputs: none } = await session.run(tensors({ x: floatTensor([1, 4], 0) }));
    expect(none).toEqual(tensors({ positions: integerTensor([2, 0], []) }));
    await session.close();
  });

  test('computes only the outputs that are asked for', async () => {
    const session = await open(mlpModel());
    const { outputs } = await session.run(tensors({ x: floatTensor([3, 16], 1) }), { outputs: ['label'] });
    expect([...outputs.keys()]).toEqual(['label']);
    await session.close();
  });

  test('tells inputs that do not fit from those on which an operator fails', async () => {
    const add = await open(addModel());
    const misfit = tensors({ a: floatTensor([1, 5], 1), b: floatTensor([1, 4], 1) });
    await expect(add.run(misfit)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('invalid dimensions for input: a'),
    });
    await add.close();

    const poison = await open(poisonModel());
    await expect(poison.run(tensors({ index: integerTensor([1, 1], [99]) }))).rejects.toMatchObject({
      code: 'invalid_argument',
      reason: 'failed',
      message: expect.stringMatching(/^the model failed: Gather: indices element out of data bounds, idx=99/),
    });
    await expect(poison.run(tensors({ index: integerTensor([1, 1], [3]) }))).resolves.toMatchObject({
      outputs: tensors({ value: floatTensor([1, 1, 2], [6, 7]) }),
    });
    await poison.close();
  });

  test('reads inputs from shared memory', async () => {
    const session = await open(addModel());
    const memory = new Float32Array(new SharedArrayBuffer(64)).fill(2);
    const a = { ...floatTensor([1, 4], 0), data: memory.subarray(4, 8) };
    const { outputs } = await session.run(tensors({ a, b: floatTensor([1, 4], 1) }));
    expect(outputs).toEqual(tensors({ sum: floatTensor([1, 4], 3) }));
    await session.close();
  });
});
