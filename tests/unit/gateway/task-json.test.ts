import { expect, test } from 'vitest';
import { MAX_VALUES, parseTaskJson } from '../../../src/gateway/task-json.ts';
import { MAX_TEXTS } from '../../../src/tasks/limits.ts';

const parse = (value: unknown) => parseTaskJson(Buffer.from(JSON.stringify(value)));
const texts = (count: number): string[] => Array(count).fill('t');

test('a body is what its JSON says', () => {
  const pairs = Array.from({ length: MAX_TEXTS }, () => ({ text: 'a', text_pair: 'b' }));
  const body = { inputs: pairs, parameters: { candidate_labels: texts(MAX_TEXTS), top_k: null } };
  expect(parse(body)).toEqual(body);
});

test.each([
  [texts(MAX_TEXTS + 1), 'the request body: must not have more than 2048 elements'],
  [{ inputs: texts(MAX_TEXTS + 1) }, "'inputs': must not have more than 2048 elements"],
  [{ a: [{ b: texts(MAX_TEXTS + 1) }] }, "'a.0.b': must not have more than 2048 elements"],
])('a list that is too long is named, %#', (body, message) => {
  expect(() => parse(body)).toThrow(message);
});

test('lists in lists are bounded together', () => {
  const lists = (count: number) => Array.from({ length: count }, () => texts(15));
  // The list of lists is a value too.
  const most = (MAX_VALUES - 1) / 16;
  expect(parse(lists(Math.floor(most)))).toHaveLength(Math.floor(most));
  expect(() => parse(lists(Math.ceil(most)))).toThrow('must not have more than 16384 values');
});
