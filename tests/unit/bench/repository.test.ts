import { afterEach, expect, test, vi } from 'vitest';
import { parseArguments } from '../../../bench/command/arguments.ts';
import { parseTuneArguments } from '../../../bench/tune/arguments.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const MODEL = ['--model', 'intent'];

test('bench and tune find the repository where serve does', () => {
  const both = (...flags: string[]) => [
    parseArguments([...MODEL, ...flags.map((flag) => flag.replace('--repository', '--model-repository'))])
      .repository,
    parseTuneArguments([...MODEL, ...flags]).repository,
  ];
  expect(both()).toEqual(['models', 'models']);
  vi.stubEnv('SLUICE_MODEL_REPOSITORY', '/models');
  expect(both()).toEqual(['/models', '/models']);
  expect(both('--repository', 'own')).toEqual(['own', 'own']);
});

test('a bench of another server does not look at the settings of this one', () => {
  vi.stubEnv('SLUICE_GRPC_PORT', 'tcp://10.0.0.1:8001');
  expect(parseArguments([...MODEL, '--address', 'sluice:8000']).address).toBe('http://sluice:8000');
});
