import { afterAll, describe, expect, test } from 'vitest';
import { type ProbeOptions, Prober } from '../../../src/workers/probe.ts';
import type { ProbeReport } from '../../../src/workers/probe-messages.ts';
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
  videoModel,
} from '../../support/onnx/models.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

let files = 0;

const SESSION = { intraOpThreads: 1, executionProviders: ['cpu'] };

/** One for all tests, as in the server: what one file does to it must not be seen by the next. */
const shared = new Prober({ most: 1 });

async function probe(
  bytes: Buffer,
  options: Partial<ProbeOptions> = {},
  prober: Prober = shared,
): Promise<ProbeReport> {
  const path = await folder.write(`model-${files++}.onnx`, bytes);
  return prober.probe(path, { ...SESSION, ...options });
}

describe('a model that is probed', () => {
  test('is found batchable, with its signature', async () => {
    const report = await probe(encoderModel(TINY_ENCODER));
    expect(report).toMatchObject({ batchable: true, omittedOutputs: [] });
    expect(report.signature.inputs.map(({ name }) => name)).toEqual(['input_ids', 'attention_mask']);
  });

  test.each([
    ['couples its rows', coupledModel(), "output 'y' of a row changes with the rows around it"],
    ['has a fixed first dimension', fixedBatchModel(), "dimension 0 of input 'x' is fixed at 1"],
    ['gives another number of rows than it says', misnamedModel(), "output 'y' has shape [8,2] for 4 rows"],
  ])('is served unbatched when it %s', async (_, bytes, reason) => {
    const report = await probe(bytes);
    expect(report.batchable).toBe(false);
    expect(report.reason).toContain(reason);
  });

  test('is tried with smaller ids when the first ones are not in its table', async () => {
    const report = await probe(poisonModel());
    expect(report).toMatchObject({ batchable: true, sample: { largestId: 2 } });
  });

  test('is not tried with samples that are too large for any memory', async () => {
    const report = await probe(videoModel(), { memoryLimit: 2 ** 30 });
    expect(report).toMatchObject({ batchable: true, sample: { length: 1 } });
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
    const prober = new Prober({ entry: new URL('../../support/aborting-probe.ts', import.meta.url) });
    await expect(probe(sequenceModel(), {}, prober)).rejects.toMatchObject({
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
    await expect(shared.probe(`${folder.path}/absent.onnx`, SESSION)).rejects.toMatchObject({
      code: 'not_found',
      message: 'there is no model file absent.onnx',
    });
  });
});

describe('a file that ends the child', () => {
  const ENTRY = new URL('../../support/crashing-probe.ts', import.meta.url);

  test('fails alone: those before, beside and after it are answered by another child', async () => {
    const prober = new Prober({ most: 1, entry: ENTRY });
    const paths = await Promise.all(
      ['good', 'fatal', 'better', 'best'].map((name) => folder.write(`${name}.onnx`, sequenceModel())),
    );
    const answers = await Promise.allSettled(paths.map((path) => prober.probe(path, SESSION)));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(answers[1]).toMatchObject({
      reason: { message: expect.stringContaining('cannot load fatal.onnx: the runtime aborted') },
    });
  });

  test('is not blamed for what a file before it left behind', async () => {
    const prober = new Prober({ most: 1, entry: ENTRY });
    const poison = await folder.write('poison.onnx', sequenceModel());
    const innocent = await folder.write('innocent.onnx', sequenceModel());
    await expect(prober.probe(poison, SESSION)).resolves.toMatchObject({ batchable: false });
    await expect(prober.probe(innocent, SESSION)).resolves.toMatchObject({ batchable: false });
  });
});
