import { floats, initializer, node } from './graph.ts';
import type { Field } from './wire.ts';

/** Step of a quantised activation: values from -6.4 to 6.35, where those behind a layer normalisation lie. */
const ACTIVATION_STEP = 0.05;

/** `to` = `from` after a turn through UINT8 with a fixed step: QuantizeLinear, DequantizeLinear. */
export const quantizedActivation = (from: string, to: string): Field[] => [
  floats(`${from}.step`, [], [ACTIVATION_STEP]),
  initializer(`${from}.zero`, 'UINT8', [], Uint8Array.of(128)),
  node('QuantizeLinear', [from, `${from}.step`, `${from}.zero`], [`${from}.q`]),
  node('DequantizeLinear', [`${from}.q`, `${from}.step`, `${from}.zero`], [to]),
];

/** `name` = weights within -`largest` and `largest`, kept as INT8 with one step. */
export function quantizedWeight(
  name: string,
  dims: readonly number[],
  values: Float32Array,
  largest: number,
): Field[] {
  const step = largest / 127;
  return [
    floats(`${name}.step`, [], [step]),
    initializer(`${name}.zero`, 'INT8', [], Int8Array.of(0)),
    initializer(
      `${name}.q`,
      'INT8',
      dims,
      Int8Array.from(values, (value) => Math.round(value / step)),
    ),
    node('DequantizeLinear', [`${name}.q`, `${name}.step`, `${name}.zero`], [name]),
  ];
}
