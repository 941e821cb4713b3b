import { encodeBytes } from '../../src/protocol/bytes-codec.ts';
import { echoName } from '../support/fake-registry.ts';
import { ADD, type ProtocolCase, RAW, row, toVector, vector } from './protocol-case.ts';

/** Requests that are refused, each for one reason. */
export const FAULTS: readonly ProtocolCase[] = [
  { name: 'an unknown model is not found', request: { ...ADD, model: 'nobody' }, expected: 'not_found' },
  { name: 'an unknown version is not found', request: { ...ADD, version: '9' }, expected: 'not_found' },
  { name: 'an unknown variant is not found', request: { ...ADD, model: 'add@int2' }, expected: 'not_found' },
  {
    name: 'a name that cannot be one is invalid',
    request: { ...ADD, model: '..%2Fetc' },
    expected: 'invalid_argument',
    message: /model name must match/,
  },
  {
    name: 'two different variants at once are invalid',
    request: { ...ADD, model: 'add@int8', parameters: { variant: 'default' } },
    expected: 'invalid_argument',
    message: /'variant'/,
  },
  {
    name: 'a model that is not ready is unavailable',
    request: { ...toVector({}), model: 'absent' },
    expected: 'unavailable',
  },
  {
    name: 'a full queue is resource_exhausted',
    request: { ...toVector({}), model: 'full' },
    expected: 'resource_exhausted',
  },
  {
    name: 'a passed deadline is deadline_exceeded',
    request: { ...toVector({}), model: 'late' },
    expected: 'deadline_exceeded',
  },
  {
    name: 'a fault of ours is internal and keeps its secret',
    request: { ...toVector({}), model: 'broken' },
    expected: 'internal',
    message: /^internal error$/,
  },
  {
    name: 'no inputs at all are refused by name',
    request: { model: 'echo_vector', inputs: [] },
    expected: 'invalid_argument',
    message: /missing input 'input'/,
  },
  {
    name: 'a missing input is refused by name',
    request: { model: 'add', inputs: [row('A', [1, 2, 3, 4])] },
    expected: 'invalid_argument',
    message: /missing input 'B'/,
  },
  {
    name: 'an input the model does not have is refused by name',
    request: toVector({ name: 'inptu' }),
    expected: 'invalid_argument',
    message: /unexpected input 'inptu'/,
  },
  {
    name: 'an input given twice is refused by name',
    request: { model: 'echo_vector', inputs: [vector([1]), vector([2])] },
    expected: 'invalid_argument',
    message: /'input' is given more than once/,
  },
  {
    name: 'an input without a name is refused',
    request: toVector({ name: '' }),
    expected: 'invalid_argument',
    message: /'name'/,
  },
  {
    name: 'an unknown datatype is refused by name',
    request: toVector({ datatype: 'FLOAT' }),
    expected: 'invalid_argument',
    message: /'input' has unknown datatype 'FLOAT'/,
  },
  {
    name: 'a datatype the model does not take is refused',
    request: toVector({ datatype: 'INT32' }),
    expected: 'invalid_argument',
    message: /'input' has datatype INT32, the model expects FP32/,
  },
  {
    name: 'a rank the model does not take is refused',
    request: toVector({ shape: [1, 2] }),
    expected: 'invalid_argument',
    message: /'input' has shape \[1,2\]/,
  },
  {
    name: 'a negative dimension is refused',
    request: toVector({ shape: [-2] }),
    expected: 'invalid_argument',
    message: /'input': dimension 0 of its shape is -2/,
  },
  {
    name: 'a shape beyond every memory is refused before it is allocated',
    request: toVector({ shape: [2 ** 31, 2 ** 31] }),
    expected: 'invalid_argument',
    message: /'input': its shape has more than 2147483648 elements/,
  },
  {
    name: 'a large shape with little data is refused',
    request: toVector({ shape: [2 ** 30] }),
    expected: 'invalid_argument',
    message: /'input'/,
  },
  {
    name: 'less data than the shape needs is refused',
    request: toVector({ shape: [3] }),
    expected: 'invalid_argument',
    message: /'input'/,
  },
  {
    name: 'more data than the shape needs is refused',
    request: toVector({ shape: [1] }),
    expected: 'invalid_argument',
    message: /'input'/,
  },
  {
    name: 'a byte too many is refused with both sizes',
    request: toVector({ bytes: new Uint8Array(9) }),
    expected: 'invalid_argument',
    message: /'input'.*needs 8 bytes, 9 given/,
    carriers: RAW,
  },
  {
    name: 'a BYTES length that lies is refused',
    request: {
      model: echoName('BYTES'),
      inputs: [{ name: 'input', datatype: 'BYTES', shape: [1, 1], data: [], bytes: lyingBytes() }],
    },
    expected: 'invalid_argument',
    message: /'input': element 0 of 1 ends beyond/,
    carriers: RAW,
  },
  {
    name: 'BYTES that are not UTF-8 are refused',
    request: {
      model: echoName('BYTES'),
      inputs: [
        {
          name: 'input',
          datatype: 'BYTES',
          shape: [1, 1],
          data: [],
          bytes: new Uint8Array([1, 0, 0, 0, 255]),
        },
      ],
    },
    expected: 'invalid_argument',
    message: /'input': element 0 is not valid UTF-8/,
    carriers: RAW,
  },
  {
    name: 'BYTES with a NUL, which would be cut there, are refused with its place',
    request: {
      model: echoName('BYTES'),
      inputs: [{ name: 'input', datatype: 'BYTES', shape: [1, 2], data: ['whole', 'cut\u0000off'] }],
    },
    expected: 'invalid_argument',
    message: /'input': element 1 holds a NUL/,
  },
  {
    name: 'an integer out of range is refused with its place',
    request: {
      model: echoName('INT8'),
      inputs: [{ name: 'input', datatype: 'INT8', shape: [1, 2], data: [1, 200] }],
    },
    expected: 'invalid_argument',
    message: /'input': element 1 is 200/,
    carriers: ['json', 'grpc'],
  },
  {
    name: 'batch sizes that differ are refused',
    request: {
      model: 'add',
      inputs: [row('A', [1, 2, 3, 4]), vector([1, 2, 3, 4, 5, 6, 7, 8], { name: 'B', shape: [2, 4] })],
    },
    expected: 'invalid_argument',
    message: /batch/,
  },
  {
    name: 'an output the model does not have is refused by name',
    request: { ...ADD, outputs: [{ name: 'PRODUCT' }] },
    expected: 'invalid_argument',
    message: /unknown output 'PRODUCT'/,
  },
  {
    name: 'an output asked for twice is refused by name',
    request: { ...ADD, outputs: [{ name: 'SUM' }, { name: 'SUM' }] },
    expected: 'invalid_argument',
    message: /'SUM' is requested more than once/,
  },
  {
    name: 'a classification that is no count is refused',
    request: { ...ADD, outputs: [{ name: 'SUM', parameters: { classification: -1 } }] },
    expected: 'invalid_argument',
    message: /'classification' of output 'SUM'/,
  },
  {
    name: 'a timeout that is no number is refused',
    request: { ...ADD, parameters: { timeout: 'soon' } },
    expected: 'invalid_argument',
    message: /'timeout'/,
  },
  {
    name: 'sequences are unimplemented',
    request: { ...ADD, parameters: { sequence_id: 7 } },
    expected: 'unimplemented',
    message: /'sequence_id'/,
  },
  {
    name: 'too many parameters are refused with the limit',
    request: { ...ADD, parameters: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`p${i}`, i])) },
    expected: 'invalid_argument',
    message: /'parameters' of the request has \d+ entries, the limit is 256/,
  },
  {
    name: 'reserved parameters are refused',
    request: { ...ADD, parameters: { triton_anything: 1 } },
    expected: 'invalid_argument',
    message: /'triton_anything' is reserved/,
  },
];

/** One element that claims nine bytes and has one. */
function lyingBytes(): Uint8Array {
  const bytes = encodeBytes(['A']);
  bytes[0] = 9;
  return bytes;
}
