import { afterAll, describe, expect, test } from 'vitest';
import { type ProbedModel, type ProbeOptions, probeModel } from '../../../src/workers/probe.ts';
import { encoderModel, TINY_ENCODER } from '../../support/onnx/encoder.ts';
import { modelFolder } from '../../support/onnx/make-models.ts';
import {
  coupledModel,
  fixedBatchModel,
  garbage,
  int4Model,
  misnamedModel,
  poisonModel,
  sequenceModel,
  slowModel,
  truncated,
} from '../../support/onnx/models.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

let files = 0;

async function probe(bytes: Buffer, options: Partial<ProbeOptions> = {}): Promise<ProbedModel> {
  const path = await folder.write(`model-${files++}.onnx`, bytes);
  return probeModel(path, { intraOpThreads: 1, executionProviders: ['cpu'], sizes: [1, 4], ...options });
}

describe('a model that is probed', () => {
  test('is found batchable, with its signature, size and times', async () => {
    const bytes = encoderModel(TINY_ENCODER);
    const report = await probe(bytes);
    expect(report).toMatchObject({ batchable: true, fileBytes: bytes.length, omittedOutputs: [] });
    expect(report.signature.inputs.map(({ name }) => name)).toEqual(['input_ids', 'attention_mask']);
    expect(report.timings.map(({ rows }) => rows)).toEqual([1, 4]);
    for (const { time } of report.timings) expect(time).toBeGreaterThan(0);
  });

  test.each([
    ['couples its rows', coupledModel(), "output 'y' of a row changes with the rows around it"],
    ['has a fixed first dimension', fixedBatchModel(), "dimension 0 of input 'x' is fixed at 1"],
    ['gives another number of rows than it says', misnamedModel(), "output 'y' has shape [8,2] for 4 rows"],
  ])('is served unbatched when it %s', async (_, bytes, reason) => {
    const report = await probe(bytes);
    expect(report.batchable).toBe(false);
    expect(report.reason).toContain(reason);
    expect(report.timings.map(({ rows }) => rows)).toEqual([1]);
  });

  test('is tried with smaller ids when the first ones are not in its table', async () => {
    const report = await probe(poisonModel());
    expect(report).toMatchObject({ batchable: true, sample: { largestId: 2 } });
  });

  test('tells which outputs cannot be served', async () => {
    expect((await probe(sequenceModel())).omittedOutputs).toEqual(['pieces']);
  });

  test.each([
    ['garbage', garbage(), 'Protobuf parsing failed'],
    ['a truncated file', truncated(), 'Protobuf parsing failed'],
    ['a model the runtime would abort on', int4Model(), "output 'y' is INT4"],
  ])('is refused when it is %s', async (_, bytes, reason) => {
    await expect(probe(bytes)).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining(reason),
    });
  });

  test('is refused when its execution provider cannot be had', async () => {
    await expect(probe(sequenceModel(), { executionProviders: ['cuda', 'cpu'] })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining("execution provider 'cuda'"),
    });
  });

  test('is refused when it takes too long, and the process it ran in is gone', async () => {
    await expect(probe(slowModel({ depth: 2000 }), { timeLimit: 1000 })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining('it took the limit of 1000 ms'),
    });
  });

  test('is refused when it takes too much memory', async () => {
    await expect(probe(slowModel({ depth: 2000 }), { memoryLimit: 1000 })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining('more than 1000 bytes of memory'),
    });
  });

  test('is refused when the runtime aborts on it, which ends only the process it was probed in', async () => {
    const entry = new URL('../../support/aborting-probe.ts', import.meta.url);
    await expect(probe(sequenceModel(), { entry })).rejects.toMatchObject({
      code: 'failed_precondition',
      message: expect.stringContaining('the runtime aborted while loading it (SIGABRT)'),
    });
  });

  test('can be given up', async () => {
    const controller = new AbortController();
    const probing = probe(slowModel({ depth: 2000 }), { signal: controller.signal });
    controller.abort();
    await expect(probing).rejects.toMatchObject({ code: 'canceled' });
  });

  test('must exist', async () => {
    const options = { intraOpThreads: 1, executionProviders: ['cpu'], sizes: [1] };
    await expect(probeModel(`${folder.path}/absent.onnx`, options)).rejects.toMatchObject({
      code: 'not_found',
      message: 'there is no model file absent.onnx',
    });
  });
});
