import { echoName } from '../support/fake-registry.ts';
import {
  ADD,
  type Carrier,
  type CaseValue,
  type ProtocolCase,
  RAW,
  SUM,
  toVector,
  vector,
} from './protocol-case.ts';

const NOT_FINITE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** Requests that are answered. */
export const ANSWERS: readonly ProtocolCase[] = [
  echo('BOOL', [1, 3], [true, false, true]),
  echo('UINT8', [2, 2], [0, 1, 254, 255]),
  echo('UINT16', [1, 2], [0, 65535]),
  echo('UINT32', [1, 2], [0, 4294967295]),
  echo('UINT64', [1, 3], [0n, 9007199254740993n, 18446744073709551615n]),
  echo('INT8', [1, 3], [-128, 0, 127]),
  echo('INT16', [1, 2], [-32768, 32767]),
  echo('INT32', [1, 2], [-2147483648, 2147483647]),
  echo('INT64', [1, 4], [-9223372036854775808n, -9007199254740993n, 5n, 9223372036854775807n]),
  echo('FP16', [1, 3], [0.5, -2, 65504]),
  echo('BF16', [1, 3], [0.5, -2, 1.0078125]),
  echo('FP32', [2, 2], [0, -1.5, 3.4028234663852886e38, 2 ** -149]),
  echo('FP64', [1, 3], [0.1, -1e308, 5e-324]),
  echo('BYTES', [1, 4], ['', 'plain', 'Grüße 你好 👋', '\u0001\ufeffend']),
  echo('FP32', [0, 4], []),
  echo('BYTES', [3, 0], []),
  {
    name: 'a scalar has rank 0 and one element',
    request: { model: 'echo_scalar', inputs: [vector([7], { shape: [] })] },
    expected: 'ok',
    outputs: [{ name: 'output', datatype: 'FP32', shape: [], data: [7] }],
  },
  {
    name: 'NaN and infinity pass as bytes',
    request: toVector({ bytes: new Uint8Array(new Float32Array(NOT_FINITE).buffer) }, NOT_FINITE),
    expected: 'ok',
    outputs: [
      {
        name: 'output',
        datatype: 'FP32',
        shape: [3],
        data: NOT_FINITE,
      },
    ],
    carriers: RAW,
  },
  {
    name: 'BF16 is widened for a model that takes FP32',
    request: toVector({ datatype: 'BF16' }, [1.5, -0.25]),
    expected: 'ok',
    outputs: [{ name: 'output', datatype: 'FP32', shape: [2], data: [1.5, -0.25] }],
  },
  {
    name: 'FP16 is widened for a model that takes FP32',
    request: toVector({ datatype: 'FP16' }, [1.5, -0.25]),
    expected: 'ok',
    outputs: [{ name: 'output', datatype: 'FP32', shape: [2], data: [1.5, -0.25] }],
  },
  { name: 'a batched model adds two inputs', request: ADD, expected: 'ok', outputs: [SUM] },
  { name: 'a version can be named', request: { ...ADD, version: '1' }, expected: 'ok', outputs: [SUM] },
  { name: 'a variant can be named', request: { ...ADD, model: 'add@int8' }, expected: 'ok', outputs: [SUM] },
  {
    name: 'a variant can be pinned by parameter',
    request: { ...ADD, parameters: { variant: 'int8' } },
    expected: 'ok',
    outputs: [SUM],
  },
  {
    name: 'unknown parameters are passed over',
    request: { ...ADD, parameters: { colour: 'red', size: 3, exact: true } },
    expected: 'ok',
    outputs: [SUM],
  },
  {
    name: 'classification gives values, indices and labels, best first',
    request: { ...ADD, outputs: [{ name: 'SUM', parameters: { classification: 2 } }] },
    expected: 'ok',
    outputs: [{ name: 'SUM', datatype: 'BYTES', shape: [1, 2], data: ['44:3:west', '33:2:south'] }],
  },
];

/** The identity of a datatype gives back what it was sent. */
function echo(
  datatype: Parameters<typeof echoName>[0],
  shape: readonly number[],
  data: readonly CaseValue[],
  carriers?: readonly Carrier[],
): ProtocolCase {
  return {
    name: `${datatype} of shape [${shape.join(',')}] comes back unchanged`,
    request: { model: echoName(datatype), inputs: [{ name: 'input', datatype, shape, data }] },
    expected: 'ok',
    outputs: [{ name: 'output', datatype, shape, data }],
    ...(carriers === undefined ? {} : { carriers }),
  };
}
