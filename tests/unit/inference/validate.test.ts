import { describe, expect, it } from 'vitest';
import { validateInputs } from '../../../src/inference/validate.ts';
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
