import { expect, test } from 'vitest';
import type { z } from 'zod';
import { OPTIONS } from '../../src/config/options.ts';
import { UNREAD_TIMEOUT } from '../../src/gateway/answer-budget.ts';
import { SMALL } from '../../src/gateway/byte-budget.ts';
import { MAX_KEYS } from '../../src/protocol/exact-json.ts';
import { MAX_PARAMETERS } from '../../src/protocol/request-parameters.ts';
import { modelConfigSchema, parseModelConfig } from '../../src/repository/model-config.ts';
import { read } from './repository-files.ts';

const page = read('docs/configuration.md');

/** The rows of a section's table, by key. */
function rowsOf(heading: string): Map<string, string[]> {
  const section = page.slice(page.indexOf(`\n## ${heading}\n`)).split(/\n## /)[1] ?? '';
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/ \| /).map((cell) => cell.replace(/^\| | \|$/g, '')));
  return new Map(rows.map(([key = '', ...cells]) => [key.replaceAll('`', ''), cells]));
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|');

test('the page has every setting of the server as the code has it', () => {
  const rows = rowsOf('The server');
  expect([...rows.keys()]).toEqual(Object.keys(OPTIONS));
  for (const [key, { flag, env, schema, help }] of Object.entries(OPTIONS)) {
    const fallback = JSON.stringify(schema.parse(undefined));
    expect(rows.get(key)).toEqual([`\`--${flag}\``, `\`${env}\``, `\`${fallback}\``, escapeCell(help)]);
  }
});

test('the page has the limits of requests as the code has them', () => {
  expect(UNREAD_TIMEOUT).toBe(60_000);
  expect(page).toContain('takes nothing of such an answer for a minute');
  expect(page).toContain(`${SMALL / 1024} KiB`);
  expect(page).toContain(`${MAX_KEYS} objects and keys`);
  expect(page).toContain(`at most ${MAX_PARAMETERS}\nparameters`);
});

test('the page has every key of model.json as the code has it', () => {
  const rows = rowsOf('A model');
  const keys: Record<string, z.ZodType> = modelConfigSchema.shape;
  expect([...rows.keys()]).toEqual(Object.keys(keys));
  for (const [key, schema] of Object.entries(keys)) {
    const fallback = schema.safeParse(undefined).data;
    const cell = fallback === undefined ? '-' : `\`${JSON.stringify(fallback)}\``;
    expect(rows.get(key)).toEqual([cell, escapeCell(schema.description ?? '')]);
  }
});

test('the example of the page is a valid model.json', () => {
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  expect(() => parseModelConfig(JSON.parse(example), 'model.json')).not.toThrow();
});
