import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Prober } from '../../../src/workers/probe.ts';
import { encoderModel, TINY_ENCODER } from '../../support/onnx/encoder.ts';
import { type ModelFolder, modelFolder } from '../../support/onnx/make-models.ts';
import { addModel, lengthMeanModel, sharedLengthModel } from '../../support/onnx/models.ts';

describe('the padding that the probe allows', () => {
  let folder: ModelFolder;

  beforeAll(async () => {
    folder = await modelFolder();
  });

  afterAll(async () => {
    await folder[Symbol.asyncDispose]();
  });

  const paddingOf = async (bytes: Uint8Array) => {
    const path = await folder.write('model.onnx', bytes);
    const { padding } = await new Prober().probe(path, {
      intraOpThreads: 1,
      executionProviders: ['cpu'],
    });
    return padding;
  };

  it.each([
    ['an encoder that pools', encoderModel(TINY_ENCODER)],
    ['an encoder that answers every position', encoderModel(TINY_ENCODER, { pooled: false })],
    ['a sum under a mask', sharedLengthModel()],
  ])('is the sequence axis of %s', async (_, bytes) => {
    expect(await paddingOf(bytes)).toEqual({ dimension: expect.stringMatching(/sequence|length/) });
  });

  it('is none where there is no mask', async () => {
    expect(await paddingOf(addModel())).toBeUndefined();
  });

  it('is none where the model counts what is padded', async () => {
    expect(await paddingOf(lengthMeanModel())).toBeUndefined();
  });
});
