import { describe, expect, test } from 'vitest';
import type { Signature } from '../../../src/inference/signature.ts';
import type { Dimension } from '../../../src/tensor/shape.ts';
import { makeTensor, type TensorMap } from '../../../src/tensor/tensor.ts';
import { noBatchAxis, PROBE_ROWS, rowsDiffer } from '../../../src/workers/batch-invariance.ts';
import { sampleInputs } from '../../../src/workers/sample-inputs.ts';
import { floatTensor, tensors, valuesOf } from '../../support/tensors.ts';

function signature(
  inputs: readonly (readonly Dimension[])[],
  outputs: readonly (readonly Dimension[])[],
): Signature {
  const specs = (prefix: string, dims: readonly (readonly Dimension[])[]) =>
    dims.map((each, index) => ({ name: `${prefix}${index}`, datatype: 'FP32' as const, dims: each }));
  return { inputs: specs('in', inputs), outputs: specs('out', outputs) };
}

describe('dimension 0 is a batch axis by its names', () => {
  test.each([
    ['when all share one name', [['batch', 4], ['batch']], [['batch', 2]]],
    ['when none is named', [['', 4]], [['', 2]]],
    ['when an exporter has numbered what it did not know', [['batch', 4]], [['unk__7', 2]]],
  ])('%s', (_, inputs, outputs) => {
    expect(noBatchAxis(signature(inputs, outputs))).toBeUndefined();
  });

  test.each([
    ['a fixed size', [[1, 4]], [[1, 2]], "dimension 0 of input 'in0' is fixed at 1"],
    ['a scalar', [[]], [['batch']], "input 'in0' is a scalar"],
    [
      'another name in an input',
      [
        ['n', 4],
        ['m', 4],
      ],
      [['n']],
      "dimension 0 of input 'in1' is 'm', elsewhere it is 'n'",
    ],
    ['another name in an output', [['n', 4]], [['hits', 4]], "dimension 0 of output 'out0' is 'hits'"],
    ['a fixed size in an output', [['n', 4]], [[2, 'n']], "dimension 0 of output 'out0' is fixed at 2"],
  ])('but not with %s', (_, inputs, outputs, reason) => {
    expect(noBatchAxis(signature(inputs, outputs))).toContain(reason);
  });
});

const sample = (): TensorMap => sampleInputs(signature([['batch', 4]], []), PROBE_ROWS);

/** A model over input `in0` [rows, 4]. */
const model =
  (compute: (rows: number[][]) => number[][]) =>
  (inputs: TensorMap): TensorMap => {
    const values = valuesOf(inputs, 'in0');
    const rows = Array.from({ length: values.length / 4 }, (_, row) => values.slice(row * 4, row * 4 + 4));
    const answer = compute(rows);
    return tensors({ y: floatTensor([answer.length, answer[0]?.length ?? 0], answer.flat()) });
  };

describe('rows run together and alone', () => {
  test('agree for a model that treats each row by itself', () => {
    expect(
      rowsDiffer(
        sample(),
        model((rows) => rows.map((row) => row.map((value) => value * 3))),
      ),
    ).toBeUndefined();
  });

  test('may differ by rounding', () => {
    const rounding = model((rows) => rows.map((row) => row.map((value) => value * (1 + rows.length * 1e-5))));
    expect(rowsDiffer(sample(), rounding)).toBeUndefined();
  });

  test('differ when a scale is taken over the whole batch', () => {
    const quantized = model((rows) => {
      const scale = Math.max(...rows.flat().map(Math.abs)) / 127;
      return rows.map((row) => row.map((value) => Math.round(value / scale) * scale));
    });
    expect(rowsDiffer(sample(), quantized)).toMatch(/output 'y' of a row changes with the rows around it/);
  });

  test('differ when rows are not answered one by one', () => {
    const doubled = model((rows) => [...rows, ...rows]);
    expect(rowsDiffer(sample(), doubled)).toContain('has shape [8,4] for 4 rows');
  });

  test('are compared exactly where they are not floats', () => {
    const counting = (inputs: TensorMap): TensorMap => {
      const rows = inputs.get('in0')?.shape[0] ?? 0;
      return tensors({ n: makeTensor('INT64', [rows], new BigInt64Array(rows).fill(BigInt(rows))) });
    };
    expect(rowsDiffer(sample(), counting)).toContain('4 in a batch, 1 alone');
  });
});
