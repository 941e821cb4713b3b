import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { exists, list, read } from './repository-files.ts';

const PAGES = list(/\.md$/);

/** Targets of the links of a page, without code. */
function linksOf(path: string): string[] {
  const text = read(path)
    .replace(/```[\s\S]*?```/g, '')
    .replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(<?([^)>\s]+)>?\)/g)].map(([, target = '']) => target);
}

const relative = (target: string): boolean => !/^([a-z]+:|#)/.test(target);

test('every relative link of every page leads to a file', () => {
  const broken = PAGES.flatMap((page) =>
    linksOf(page)
      .filter(relative)
      .map((target) => posix.join(posix.dirname(page), target.replace(/#.*$/, '')))
      .filter((target) => !exists(target))
      .map((target) => `${page} -> ${target}`),
  );
  expect(broken).toEqual([]);
});

test('links to headings name headings that are there', () => {
  const broken = PAGES.flatMap((page) =>
    linksOf(page)
      .filter((target) => relative(target.replace(/^#/, './#')) && target.includes('#'))
      .filter((target) => {
        const [file = '', anchor = ''] = target.split('#');
        const path = file === '' ? page : posix.join(posix.dirname(page), file);
        return path.endsWith('.md') && exists(path) && !anchorsOf(path).includes(anchor);
      })
      .map((target) => `${page} -> ${target}`),
  );
  expect(broken).toEqual([]);
});

test('every decision is in the list of decisions', () => {
  const index = read('docs/adr/README.md');
  for (const path of list(/^docs\/adr\/\d{4}-.*\.md$/)) {
    expect(index).toContain(`(${posix.basename(path)})`);
    expect(read(path)).toMatch(/^# \d{4}\. .+\n\nStatus: /);
  }
});

/** GitHub's names for headings. */
const anchorsOf = (path: string): string[] =>
  [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
