import { expect, test } from 'vitest';
import type { IndexEntry } from '../../../src/inference/served.ts';
import { fakeDataPlane } from '../../support/fake-data-plane.ts';
import { FakeRegistry } from '../../support/fake-registry.ts';

class UnreadyRegistry extends FakeRegistry {
  override ready = false;
  readonly #index: readonly IndexEntry[];

  constructor(index: readonly IndexEntry[], missing: readonly string[]) {
    super([]);
    this.#index = index;
    this.missing = missing;
  }

  override index(): readonly IndexEntry[] {
    return this.#index;
  }
}

const INDEX: readonly IndexEntry[] = [
  { name: 'intent', version: '1', state: 'READY', reason: '' },
  { name: 'broken', version: '3', state: 'UNAVAILABLE', reason: 'not an ONNX file' },
  { name: 'absent', version: '', state: 'UNAVAILABLE', reason: '' },
  { name: 'optional', version: '1', state: 'UNAVAILABLE', reason: 'not an ONNX file' },
  { name: 'unasked', version: '', state: 'UNKNOWN', reason: '' },
];

test('the server says which of the required models are missing, and of no other', () => {
  const registry = new UnreadyRegistry(INDEX, ['broken', 'absent', 'intent@int8']);
  expect(fakeDataPlane(registry).reasons).toEqual([
    "model 'broken' version 3 is UNAVAILABLE: not an ONNX file",
    "model 'absent' is UNAVAILABLE",
    "model 'intent@int8' is not loaded",
  ]);
});

test('the server says that its repository is empty', () => {
  expect(fakeDataPlane(new UnreadyRegistry([], [])).reasons).toEqual(['the model repository holds no model']);
});

test('the server says so when it does not accept, and nothing when it is ready', () => {
  const registry = new UnreadyRegistry(INDEX, ['broken']);
  expect(fakeDataPlane(registry, () => false).reasons).toEqual(['the server is starting or shutting down']);
  expect(fakeDataPlane().reasons).toEqual([]);
});
