import { expect, test } from 'vitest';
import { parseArguments } from '../../../bench/command/arguments.ts';
import { drawLength, parseLengths, typicalLengths } from '../../../bench/inputs/lengths.ts';
import { interleave, makeRequests, readOf, type Traffic } from '../../../bench/inputs/requests.ts';
import { uniform } from '../../../bench/statistics/random.ts';
import { taskTarget } from '../../../bench/targets/task.ts';
import type { Signature } from '../../../src/inference/signature.ts';

const SIGNATURE: Signature = {
  inputs: [{ name: 'input_ids', datatype: 'INT64', dims: ['batch', 'sequence'] }],
  outputs: [],
};

const traffic: Traffic = {
  model: 'm',
  weight: 1,
  rows: 3,
  lengths: { kind: 'uniform', least: 4, most: 9 },
  largestId: 50,
};

test('requests fit the signature, with lengths from the distribution', () => {
  const requests = makeRequests(traffic, SIGNATURE, 1);
  expect(requests).toHaveLength(256);
  const lengths = new Set(requests.map(({ inputs }) => inputs.get('input_ids')?.shape[1]));
  expect([...lengths].sort()).toEqual([4, 5, 6, 7, 8, 9]);
  expect(requests.every(({ inputs }) => inputs.get('input_ids')?.shape[0] === 3)).toBe(true);
  expect(makeRequests(traffic, SIGNATURE, 1)).toEqual(requests);
});

test('large requests are fewer, and never none', () => {
  const signature: Signature = {
    inputs: [{ name: 'x', datatype: 'FP32', dims: ['n', 2 ** 20] }],
    outputs: [],
  };
  expect(makeRequests({ ...traffic, rows: 1 }, signature, 1)).toHaveLength(1);
});

test('texts go into BYTES inputs', () => {
  const signature: Signature = {
    inputs: [{ name: 'text', datatype: 'BYTES', dims: ['batch'] }],
    outputs: [],
  };
  const [request] = makeRequests({ ...traffic, texts: ['hello'] }, signature, 1);
  expect(request?.inputs.get('text')?.data).toEqual(['hello', 'hello', 'hello']);
  expect(request?.texts).toEqual(['hello', 'hello', 'hello']);
});

test.each([[[1, 4]], [[4]], [[]]])(
  'more rows than a model of shape %j takes at a time are refused, not counted',
  (dims) => {
    const signature: Signature = { inputs: [{ name: 'x', datatype: 'FP32', dims }], outputs: [] };
    expect(() => makeRequests(traffic, signature, 1)).toThrow(
      `--rows is 3, but model 'm' takes one row at a time: its input 'x' has the shape [${dims}]`,
    );
    expect(makeRequests({ ...traffic, rows: 1 }, signature, 1)[0]?.rows).toBe(1);
  },
);

test('a task is sent as many texts as rows are counted', () => {
  const target = taskTarget('http://127.0.0.1:1');
  const sent = (rows: number) => {
    const [request] = makeRequests({ ...traffic, rows, texts: ['hello'] }, SIGNATURE, 1);
    if (request === undefined) throw new Error('no request');
    const payload = target.encode(request);
    return { rows: payload.rows, ...JSON.parse(payload.body.toString()) };
  };
  expect(sent(3)).toEqual({ rows: 3, inputs: ['hello', 'hello', 'hello'] });
  expect(sent(1)).toEqual({ rows: 1, inputs: 'hello' });
  target.close();
});

test('models are mixed by their weights without bunching', () => {
  const order = interleave(
    [Array.from({ length: 40 }, () => 'a'), Array.from({ length: 40 }, () => 'b')],
    [3, 1],
  );
  expect(order.filter((each) => each === 'a')).toHaveLength(120);
  for (let start = 0; start < order.length; start += 4) {
    expect(order.slice(start, start + 4).filter((each) => each === 'b')).toHaveLength(1);
  }
});

test.each([[[1000, 1]], [[0.3, 0.7]], [[5, 1, 0.01]]])(
  'weights of %j are kept, and every request of every model has its turn',
  (weights) => {
    const lists = weights.map((_, model) => [0, 1, 2].map((request) => ({ model, request })));
    const order = interleave(lists, weights);
    expect(new Set(order).size).toBe(3 * weights.length);
    const total = weights.reduce((sum, weight) => sum + weight);
    for (const [index, weight] of weights.entries()) {
      const sent = order.filter(({ model }) => model === index).length;
      expect(Math.abs(sent - (order.length * weight) / total)).toBeLessThanOrEqual(1);
    }
  },
);

test('what is asked of requests and the ceiling is refused where it would not be used', () => {
  const read = (...argv: string[]) => parseArguments(['--model', 'm', ...argv]);
  const away = ['--address', 'h:1'];
  expect(() => read('--protocol', 'task')).toThrow('--texts is needed with --protocol task');
  expect(() => read('--onnx', 'm.onnx', '--texts', 't')).toThrow(/^--onnx is 'm.onnx', but no ceiling is/);
  expect(() => read('--onnx', 'm.onnx', '--model', 'other')).toThrow(/^--onnx is .* several models/);
  expect(() => read('--sessions', '2', '--model', 'other')).toThrow(/^--sessions is '2', but no ceiling is/);
  expect(() => read(...away, '--sessions', '2')).toThrow(/^--sessions is .* with --address it takes --onnx$/);
  expect(read(...away, '--sessions', '2', '--onnx', 'm.onnx')).toMatchObject({ sessions: 2 });
  expect(read('--sessions', '2', '--model-repository', 'r')).toMatchObject({ sessions: 2 });
});

test('values that do not fit are refused with the flag and the limit', () => {
  const read = (...argv: string[]) => parseArguments(['--model', 'm', '--address', 'h:1', ...argv]);
  expect(() => read('--window', '36000001')).toThrow(
    "--window is '36000001', it must be a number above 0, at most 36000000",
  );
  expect(() => read('--warm-up', '1e10')).toThrow(/^--warm-up is '1e10', .* not below 0, at most 36000000$/);
  expect(() => read('--bound', '1800001', '--scenario', 'server')).toThrow(/^--bound is .* at most 1800000$/);
  expect(() => read('--concurrency', '1,2,1')).toThrow("--concurrency is '1,2,1', which has 1 twice");
  expect(() => read('--scenario', 'rate', '--rate', '5,5.0')).toThrow(/^--rate is .* which has 5 twice$/);
  expect(() => read('--scenario', 'rate,rate')).toThrow(/^--scenario is .* which has rate twice$/);
  expect(() => read('--model', 'a=1=2')).toThrow("--model is 'a=1=2', it must be NAME or NAME=WEIGHT");
  expect(read('--window', '36000000').window).toBe(36_000_000);
});

test('what requests are made from is told by the signature, and by what a task is sent', () => {
  const inputs = [
    { name: 'ids', datatype: 'INT64', dims: ['batch', 'sequence'] },
    { name: 'text', datatype: 'BYTES', dims: ['batch'] },
    { name: 'image', datatype: 'FP32', dims: ['batch', 3, 8] },
  ] as const;
  const [ids, text, image] = inputs.map((input) => readOf({ inputs: [input], outputs: [] }, false));
  expect(ids).toEqual({ texts: false, lengths: true, largestId: true });
  expect(text).toEqual({ texts: true, lengths: false, largestId: false });
  expect(image).toEqual({ texts: false, lengths: false, largestId: false });
  expect(readOf(SIGNATURE, true)).toEqual({ texts: true, lengths: false, largestId: false });
});

test('a share that no order can hold is refused, one that it can is not', () => {
  const read = (weight: string) => parseArguments(['--model', `often=${weight}`, '--model', 'rare']);
  expect(() => read('2000000')).toThrow("--model is 'rare=1', whose share is below one request in 1048576");
  expect(read('1000000').models).toHaveLength(2);
});

test('lengths are read from text, and anything else is refused', () => {
  expect(parseLengths('32')).toEqual({ kind: 'fixed', length: 32 });
  expect(parseLengths('uniform:8:64')).toEqual({ kind: 'uniform', least: 8, most: 64 });
  for (const text of ['', '0', 'uniform:8', 'uniform:9:8', 'normal:3', 'fixed:-1', 'lognormal:8:0.5']) {
    expect(() => parseLengths(text)).toThrow(/length/);
  }
});

test('drawn lengths are whole, at least 1 and at most what is allowed', () => {
  const random = uniform(1);
  for (const text of ['lognormal:16:1:40', 'exponential:10:40']) {
    const lengths = Array.from({ length: 2000 }, () => drawLength(parseLengths(text), random));
    expect(lengths.every((length) => Number.isInteger(length) && length >= 1 && length <= 40)).toBe(true);
    expect(new Set(lengths).size).toBeGreaterThan(20);
  }
});

test.each(['32', 'uniform:8:64', 'lognormal:16:0.6:128', 'exponential:20:128'])(
  'a few typical lengths of %s have the mean of those that are sent',
  (text) => {
    const lengths = parseLengths(text);
    const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
    for (let seed = 1; seed <= 20; seed++) {
      const requests = makeRequests({ ...traffic, lengths }, SIGNATURE, seed);
      const sent = meanOf(requests.map(({ inputs }) => inputs.get('input_ids')?.shape[1] ?? 0));
      const typical = typicalLengths(lengths, 16, seed);
      expect(typical).toHaveLength(16);
      expect(Math.abs(meanOf(typical) / sent - 1)).toBeLessThan(0.02);
      // Few runs of long batches fit into a second, and these are the first.
      expect(Math.abs(meanOf(typical.slice(0, 8)) / sent - 1)).toBeLessThan(0.3);
    }
  },
);
