import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

const FIXTURES = new URL('../../fixtures/', import.meta.url);

export const exportFolder = (name: string): string => new URL(`exports/${name}`, FIXTURES).pathname;

export const imageBytes = (name: string): Uint8Array => readFileSync(new URL(`images/${name}`, FIXTURES));

/** What the Python pipelines answered; see tests/support/reference. */
export function referenceCases<Case>(name: string): Case[] {
  const file = readFileSync(new URL(`exports/${name}/reference.json`, FIXTURES), 'utf8');
  return (JSON.parse(file) as { cases: Case[] }).cases;
}

const TOLERANCE = 1e-4;

/** The same value, where numbers may differ by 1e-4. `at` names the place in messages. */
export function expectClose(actual: unknown, expected: unknown, at = 'answer'): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    expect(Math.abs(actual - expected), `${at}: ${actual} is not ${expected}`).toBeLessThanOrEqual(TOLERANCE);
  } else if (Array.isArray(expected)) {
    expect(Array.isArray(actual), `${at} is a list`).toBe(true);
    const list = actual as unknown[];
    expect(list.length, `${at}: length`).toBe(expected.length);
    for (const [index, each] of expected.entries()) expectClose(list[index], each, `${at}.${index}`);
  } else if (typeof expected === 'object' && expected !== null) {
    const object = actual as Record<string, unknown>;
    expect(Object.keys(object).sort(), `${at}: fields`).toEqual(Object.keys(expected).sort());
    for (const [name, each] of Object.entries(expected)) expectClose(object[name], each, `${at}.${name}`);
  } else {
    expect(actual, at).toEqual(expected);
  }
}
