import { describe, expect, it } from 'vitest';
import type { AccuracyAsked } from '../../../src/inference/scheduling-parameters.ts';
import type { ServedVariant, ServedVersion } from '../../../src/inference/served.ts';
import type { Batching } from '../../../src/inference/signature.ts';
import { reachesFloor, termsOf } from '../../../src/inference/terms.ts';
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
    [{ max_accuracy_loss: 0.14 }, 0.8986, true],
    [{ min_accuracy: 'much' }, 0.9, false],
  ])('%j, is reached by a canary of accuracy %s: %s', (parameters, accuracy, reached) => {
    const request = { parameters: new Map(Object.entries(parameters)) };
    expect(reachesFloor(request, { served: baseline }, measured('int8', accuracy))).toBe(reached);
  });
});

describe('the variants that may answer', () => {
  const version: ServedVersion = {
    ...served,
    variants: new Map([
      ['default', measured('default', 0.9413)],
      ['int8', measured('int8', 0.939)],
    ]),
  };
  const terms = (
    parameters: Record<string, number>,
    { defaults, accuracy }: { defaults?: AccuracyAsked; accuracy: number | undefined } = { accuracy: 0.9413 },
  ) => {
    const main = measured('default', accuracy);
    const request = { model: 'add', inputs: new Map(), parameters: new Map(Object.entries(parameters)) };
    return termsOf(request, version, { ...main, ...(defaults === undefined ? {} : { defaults }) }, false);
  };

  it('are those at the very floor too, whatever its subtraction loses by rounding', () => {
    expect(terms({ max_accuracy_loss: 0.23 }).variants).toEqual(['default', 'int8']);
    expect(terms({ max_accuracy_loss: 0.22 }).variants).toEqual(['default']);
    expect(terms({ min_accuracy: 0.939 }).variants).toEqual(['default', 'int8']);
  });

  it('are the named one, where it is not below a floor that the request itself sets', () => {
    const named = (
      variant: string,
      parameters: Record<string, number>,
      arm?: { canary: boolean; pinned: boolean },
    ) => {
      const main = version.variants.get(variant) ?? measured('int8', undefined);
      const defaults = { minAccuracy: 0.94 };
      const request = { model: 'add', inputs: new Map(), parameters: new Map(Object.entries(parameters)) };
      return termsOf(request, version, { ...main, defaults }, true, arm).variants;
    };
    expect(named('int8', {})).toEqual(['int8']);
    expect(named('int8', { min_accuracy: 0.939 })).toEqual(['int8']);
    expect(named('int8', { max_accuracy_loss: 0.23 })).toEqual(['int8']);
    expect(named('unmeasured', { min_accuracy: 0 })).toEqual(['int8']);
    expect(named('int8', { min_accuracy: 0.94 }, { canary: false, pinned: true })).toEqual(['int8']);
    expect(() => named('int8', { min_accuracy: 0.94, max_accuracy_loss: 1 })).toThrow(
      "parameter 'min_accuracy' asks for an accuracy of 0.94, that of variant 'int8' is 0.939",
    );
    expect(() => named('int8', { max_accuracy_loss: 0.1 })).toThrow(
      "parameter 'max_accuracy_loss' asks for an accuracy of 0.9403, that of variant 'int8' is 0.939",
    );
    expect(() => named('unmeasured', { min_accuracy: 0.1 })).toThrow(
      "that of variant 'int8' was not measured",
    );
  });

  it('are never others than the one that is batched by size and delay, which a floor of the request may exclude', () => {
    const main = measured('int8', 0.939);
    const ask = (batching: Partial<Batching>, parameters: Record<string, number>) => {
      const request = { model: 'add', inputs: new Map(), parameters: new Map(Object.entries(parameters)) };
      return termsOf(request, version, { ...main, batching: { ...main.batching, ...batching } }, false);
    };
    expect(ask({}, { min_accuracy: 0.94 }).variants).toEqual(['default']);
    for (const batching of [{ maxQueueDelay: 1 }, { preferredBatchSizes: [4] }]) {
      expect(ask(batching, { min_accuracy: 0.93 }).variants).toContain('int8');
      expect(() => ask(batching, { min_accuracy: 0.94 })).toThrow(
        /'min_accuracy' .* variant 'int8' is 0\.939$/,
      );
    }
  });

  it('are none above the best: the refusal names the field, its value and the best', () => {
    expect(() => terms({ min_accuracy: 0.95 })).toThrow(
      "parameter 'min_accuracy' is 0.95, which model 'add' does not reach: the best accuracy of its variants is 0.9413",
    );
    const defaults = { minAccuracy: 0.99 };
    expect(() => terms({}, { defaults, accuracy: 0.9413 })).toThrow("'minAccuracy' of the model is 0.99");
    expect(() => terms({}, { defaults, accuracy: undefined })).toThrow(
      "'minAccuracy' of the model is 0.99, which model 'add' does not reach: its accuracy was not measured",
    );
  });
});
