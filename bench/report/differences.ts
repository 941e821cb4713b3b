import type { ComparedResult } from './read-result.ts';

type Traffic = ComparedResult['traffic'][number];

/** What a figure depends on beside the server, as text; undefined where nothing depended on it. */
const SETTINGS: Readonly<Record<string, (result: ComparedResult) => string | undefined>> = {
  protocol: ({ target }) => target.protocol,
  models: ({ traffic }) => traffic.map(({ model, weight }) => `${model}=${weight}`).join(', '),
  'rows per request': (result) => ofModels(result, ({ rows }) => rows),
  lengths: (result) => ofModels(result, ({ lengths }) => lengths),
  'largest id': (result) => ofModels(result, ({ largestId }) => largestId),
  texts: (result) => ofModels(result, ({ texts }) => texts) ?? 'none',
  'sessions of the ceiling': ({ ceiling }) => ceiling && String(ceiling.sessions),
  seed: ({ seed }) => String(seed),
  machine: ({ machine }) => `${machine.processor}, ${machine.cores} cores`,
};

function ofModels({ traffic }: ComparedResult, tell: (traffic: Traffic) => unknown): string | undefined {
  const told = traffic.map(tell).filter((each) => each !== undefined);
  if (told.length === 0) return undefined;
  return [...new Set(told.map((each) => JSON.stringify(each)))].join(', ');
}

/** What two runs do not have in common, a line each: loads of one name may then be different ones. */
export const differencesText = (before: ComparedResult, after: ComparedResult): string =>
  Object.entries(SETTINGS)
    .map(([name, tell]) => ({ name, was: tell(before), is: tell(after) }))
    .filter(({ was, is }) => was !== undefined && is !== undefined && was !== is)
    .map(({ name, was, is }) => `NOT ALIKE: ${name}: ${was} before, ${is} now\n`)
    .join('');
