import { EventEmitter } from 'node:events';
import { Metadata } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { InferenceError, invalidArgument } from '../../../src/errors.ts';
import { countedCode, errorStatus, openCall } from '../../../src/gateway/grpc-call.ts';

/** A call as grpc-js gives it, with a deadline on the wall clock. */
const call = (deadline: Date | number = Infinity) =>
  Object.assign(new EventEmitter(), {
    metadata: new Metadata(),
    getDeadline: () => deadline,
    getPeer: () => '127.0.0.1:40000',
  });

const MINUTE = 60_000;
const canceled = new InferenceError('canceled', 'the client is gone');

test('a deadline moves from the wall clock to the monotonic one, whatever form it has', () => {
  const now = performance.now();
  for (const deadline of [Date.now() + MINUTE, new Date(Date.now() + MINUTE)]) {
    const seen = openCall(call(deadline)).deadline ?? 0;
    expect(Math.abs(seen - (now + MINUTE))).toBeLessThan(MINUTE / 2);
  }
  expect(openCall(call()).deadline).toBeUndefined();
});

test('the end of a call aborts it only when it was not answered', () => {
  const [gone, answered] = [call(), call()];
  const [first, second] = [openCall(gone), openCall(answered)];
  second.settle();
  gone.emit('cancelled');
  answered.emit('cancelled');
  expect([first.signal.aborted, second.signal.aborted]).toEqual([true, false]);
});

test('a cancellation at the deadline counts as the deadline', () => {
  expect(countedCode(canceled, openCall(call(Date.now() - 1)))).toBe('deadline_exceeded');
  expect(countedCode(canceled, openCall(call(Date.now() + MINUTE)))).toBe('canceled');
  expect(countedCode(canceled, openCall(call()))).toBe('canceled');
  expect(countedCode(invalidArgument('no'), openCall(call(Date.now() - 1)))).toBe('invalid_argument');
});

test('a message that no header could carry is cut and made well-formed', () => {
  const details = (message: string) => errorStatus(invalidArgument(message), openCall(call())).details;
  expect(details(`\ud800${'x'.repeat(10_000)}`)).toBe(`\ufffd${'x'.repeat(2039)}`);
  expect(details('名'.repeat(10_000))).toBe('名'.repeat(227));
  expect(encodeURI(details('👋'.repeat(10_000)))).toHaveLength(2040);
});
