import { describe, expect, it } from 'vitest';
import type { ServedVariant, ServedVersion } from '../../../src/inference/served.ts';
import { reachesFloor } from '../../../src/inference/terms.ts';
import { ADD_MODEL, FakeRegistry } from '../../support/fake-registry.ts';

const served = new FakeRegistry([ADD_MODEL]).version('add');
const measured = (name: string, accuracy: number | undefined): ServedVariant => {
  const variant = served.variants.get(name);
  if (variant === undefined) throw new Error(`no variant ${name}`);
  return { ...variant, file: { ...variant.file, ...(accuracy === undefined ? {} : { accuracy }) } };
};
const baseline: ServedVersion = { ...served, variants: new Map([['default', measured('default', 0.9)]]) };

describe('the floor that a request sets', () => {
  it.each<[Record<string, number | string>, number | undefined, boolean]>([
    [{}, 0.1, true],
    [{}, undefined, true],
    [{ min_accuracy: 0.8 }, 0.8, true],
    [{ min_accuracy: 0.8 }, 0.79, false],
    [{ min_accuracy: 0.8 }, undefined, false],
    [{ min_accuracy: 0 }, undefined, true],
    [{ max_accuracy_loss: 2 }, 0.89, true],
    [{ max_accuracy_loss: 2 }, 0.87, false],
    [{ max_accuracy_loss: 0 }, 0.95, true],
    [{ min_accuracy: 'much' }, 0.9, false],
  ])('%j, is reached by a canary of accuracy %s: %s', (parameters, accuracy, reached) => {
    const request = { parameters: new Map(Object.entries(parameters)) };
    expect(reachesFloor(request, { served: baseline }, measured('int8', accuracy))).toBe(reached);
  });
});
