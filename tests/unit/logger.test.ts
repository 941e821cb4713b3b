import { expect, test } from 'vitest';
import { notFound } from '../../src/errors.ts';
import { createLogger } from '../../src/logger.ts';

/** A logger and the objects it has written. */
function capture(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(level, { write: (line) => lines.push(JSON.parse(line)) });
  return { logger, lines };
}

test('a line is JSON with the level in words and the time in UTC', () => {
  const { logger, lines } = capture();
  logger.info({ model: 'intent' }, 'model ready');
  expect(lines[0]).toMatchObject({ level: 'info', model: 'intent', msg: 'model ready' });
  expect(lines[0]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('what is below the level is not written', () => {
  const { logger, lines } = capture('warn');
  logger.info('quiet');
  expect(lines).toEqual([]);
});

test('control characters of a client never reach a line', () => {
  const { logger, lines } = capture();
  const evil = 'a\n{"level":"fatal"}\r\u001b[31m\u0000\u2028\u202e';
  logger.child({ id: evil }).warn({ model: evil, err: notFound(evil) }, evil);
  const { err, ...rest } = lines[0] ?? {};
  const { message, code } = err as { message: string; code: string };
  for (const text of [rest['model'], rest['id'], rest['msg'], message]) {
    expect(text).toBe('a?{"level":"fatal"}??[31m???');
  }
  expect(code).toBe('not_found');
});

test('long texts are cut', () => {
  const { logger, lines } = capture();
  logger.info({ model: 'x'.repeat(10_000), err: new Error('y'.repeat(10_000)) }, 'z'.repeat(10_000));
  expect(JSON.stringify(lines[0]).length).toBeLessThan(7000);
});

test('bytes are written as their size', () => {
  const { logger, lines } = capture();
  logger.info({ body: Buffer.from('secret'), tensor: new Float32Array(4), count: 3n }, 'request');
  expect(lines[0]).toMatchObject({ body: '6 bytes', tensor: '16 bytes', count: '3' });
});

test('an error is written with its cause and its stack', () => {
  const { logger, lines } = capture();
  logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');
  const err = lines[0]?.['err'] as Record<string, unknown>;
  expect(err['message']).toBe('outer');
  expect(err['cause']).toMatchObject({ message: 'inner' });
  expect(err['stack']).toContain('\n');
});
