import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  DEFAULT_SETTINGS,
  modelConfigSchema,
  parseModelConfig,
  settingsOf,
} from '../../../src/repository/model-config.ts';
import { batchingLimits } from '../../../src/repository/open-variant.ts';

test.each([
  [{ maxBatchsize: 4 }, "unknown key 'maxBatchsize'"],
  [{ maxBatchSize: -1 }, "'maxBatchSize'"],
  [{ maxBatchSize: 1.5 }, "'maxBatchSize'"],
  [{ maxQueueSize: 0 }, "'maxQueueSize'"],
  [{ versionPolicy: { newest: 1 } }, "'versionPolicy'"],
  [{ versionPolicy: { latest: { count: 1 }, specific: [1] } }, "'versionPolicy'"],
  [{ executionProviders: [] }, "'executionProviders'"],
  [{ variants: ['../x'] }, "'variants.0'"],
  [{ variantSettings: { int8: { instance: 2 } } }, "unknown key 'variantSettings.int8.instance'"],
  [{ maxBatchSize: 4, preferredBatchSizes: [8] }, "'preferredBatchSizes': has 8, above maxBatchSize 4"],
  [{ defaultPriority: 2 }, "'defaultPriority': is 2, above priorityLevels 0"],
  [
    { preferredBatchSizes: [8], variantSettings: { int8: { maxBatchSize: 4 } } },
    "'variantSettings.int8.preferredBatchSizes'",
  ],
  [{ variants: ['int8'], defaultVariant: 'default' }, "'defaultVariant'"],
  [[], 'expected object'],
])('%j is refused with a message that names the key', (config, message) => {
  expect(() => parseModelConfig(config, 'model.json')).toThrow(message);
  expect(() => parseModelConfig(config, 'model.json')).toThrow('model.json: ');
});

test('a model without model.json has every default', () => {
  expect(DEFAULT_SETTINGS).toMatchObject({
    required: true,
    versionPolicy: { latest: { count: 1 } },
    batching: 'auto',
    maxBatchSize: 32,
    maxQueueDelayMicroseconds: 0,
    maxQueueSize: 1024,
    executionProviders: ['cpu'],
  });
});

test('a variant overrides only the keys that are written for it', () => {
  const settings = parseModelConfig(
    { instances: 2, maxQueueSize: 7, variantSettings: { int8: { instances: 3 } } },
    'model.json',
  );
  expect(settingsOf(settings, 'int8')).toMatchObject({ instances: 3, maxQueueSize: 7, maxBatchSize: 32 });
  expect(settingsOf(settings, 'default')).toMatchObject({ instances: 2 });
  expect(settingsOf(settings, 'constructor')).toMatchObject({ instances: 2 });
});

test('limits are given in the units of the batcher', () => {
  const settings = parseModelConfig(
    {
      maxQueueDelayMicroseconds: 500,
      defaultTimeoutMicroseconds: 2_000_000,
      priorityLevels: 3,
      preferredBatchSizes: [8, 4],
    },
    'model.json',
  );
  expect(batchingLimits(settings)).toMatchObject({
    maxQueueDelay: 0.5,
    defaultTimeout: 2000,
    defaultPriority: 2,
    preferredBatchSizes: [4, 8],
  });
  expect(batchingLimits({ ...settings, batching: 'off' }).maxBatchSize).toBe(0);
});

test('every key has a description, and there are not too many to know', () => {
  const { properties = {} } = z.toJSONSchema(modelConfigSchema, { io: 'input' });
  const keys = Object.entries(properties);
  expect(keys.length).toBeLessThanOrEqual(25);
  for (const [key, schema] of keys) {
    expect(typeof schema === 'object' && schema.description, key).toMatch(/\.$/);
  }
});
