import { describe, expect, it } from 'vitest';
import { validateInputs, validateTexts } from '../../../src/inference/validate.ts';
import { makeTensor } from '../../../src/tensor/tensor.ts';
import { echoModel, FakeRegistry } from '../../support/fake-registry.ts';

/** A variant that takes `input` FP32 [batch, length], eight rows at a time. */
function batched() {
  const model = { ...echoModel('pairs', 'FP32', 'batch', 'length'), maxBatchSize: 8 };
  const variant = new FakeRegistry([model]).version('pairs').variants.get('default');
  if (variant === undefined) throw new Error('the fake model has a default variant');
  return variant;
}

const emptyRows = (rows: number) => new Map([['input', makeTensor('FP32', [rows, 0], new Float32Array(0))]]);

describe('the rows of a request', () => {
  it('may be more than a batch holds', () => {
    expect(validateInputs(emptyRows(8 * 1024), batched())).toBe(8192);
  });

  it('are refused where they are more than any queue would take, before they are cut into batches', () => {
    expect(() => validateInputs(emptyRows(8 * 1024 + 1), batched())).toThrow(
      "the request has 8193 rows, model 'pairs' takes at most 8192 in one request",
    );
    expect(() => validateInputs(emptyRows(2_000_000_000), batched())).toThrow(/2000000000 rows/);
  });
});

describe('texts alone', () => {
  const texts = (name: string) => new Map([[name, makeTensor('BYTES', [1], ['t'])]]);

  it('are refused for an input that takes none, and for one that is not there', () => {
    expect(() => validateTexts(texts('input'), batched())).toThrow(
      "input 'input' has datatype BYTES, the model expects FP32",
    );
    expect(() => validateTexts(texts('other'), batched())).toThrow(
      "unexpected input 'other' for model 'pairs'",
    );
  });

  it('are looked at, and nothing else', () => {
    const model = new FakeRegistry([echoModel('texts', 'BYTES', '')])
      .version('texts')
      .variants.get('default');
    if (model === undefined) throw new Error('the fake model has a default variant');
    expect(() => validateTexts(texts('input'), model)).not.toThrow();
    expect(() =>
      validateTexts(new Map([['other', makeTensor('INT8', [1], new Int8Array(1))]]), model),
    ).not.toThrow();
  });
});
