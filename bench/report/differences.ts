import type { ComparedResult } from './read-result.ts';

/** What a figure depends on beside the server, as text. */
const SETTINGS: Readonly<Record<string, (result: ComparedResult) => string>> = {
  protocol: ({ target }) => target.protocol,
  models: ({ traffic }) => traffic.map(({ model, weight }) => `${model}=${weight}`).join(', '),
  'rows per request': ({ traffic }) => [...new Set(traffic.map(({ rows }) => rows))].join(', '),
  lengths: ({ traffic }) => JSON.stringify(traffic[0]?.lengths),
  seed: ({ seed }) => String(seed),
  machine: ({ machine }) => `${machine.processor}, ${machine.cores} cores`,
};

/** What two runs do not have in common, a line each: loads of one name may then be different ones. */
export const differencesText = (before: ComparedResult, after: ComparedResult): string =>
  Object.entries(SETTINGS)
    .map(([name, tell]) => ({ name, was: tell(before), is: tell(after) }))
    .filter(({ was, is }) => was !== is)
    .map(({ name, was, is }) => `NOT ALIKE: ${name}: ${was} before, ${is} now\n`)
    .join('');
