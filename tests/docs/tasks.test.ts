import { expect, test } from 'vitest';
import { MAX_VALUES } from '../../src/gateway/task-json.ts';
import { MAX_IMAGE_PIXELS, MAX_IMAGES, MAX_TEXT_BYTES, MAX_TEXTS } from '../../src/tasks/limits.ts';
import { TASK_NAMES } from '../../src/tasks/task.ts';
import { POOLINGS } from '../../src/tasks/text/pooling.ts';
import { read } from './repository-files.ts';

const page = read('docs/tasks.md');

test('the page of tasks names every task, and no other', () => {
  const section = page.split('## What a model does\n')[1]?.split('\n## ')[0] ?? '';
  const named = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(named.sort()).toEqual([...TASK_NAMES].sort());
});

test('the page of tasks has the limits of the code', () => {
  const value = (limit: string) => Number(new RegExp(`^\\| ${limit} \\| (\\d+) \\|`, 'm').exec(page)?.[1]);
  expect(value('texts of a request')).toBe(MAX_TEXTS);
  expect(value('values of a JSON body')).toBe(MAX_VALUES);
  expect(value('bytes of a text')).toBe(MAX_TEXT_BYTES);
  expect(value('images of a request')).toBe(MAX_IMAGES);
  expect(value('pixels of an image')).toBe(MAX_IMAGE_PIXELS);
});

test('the page of tasks names every way of pooling', () => {
  for (const pooling of POOLINGS) expect(page).toContain(`\`${pooling}\``);
});
