import { pino } from 'pino';
import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/repository/model-config.ts';
import type { VariantSource } from '../../src/repository/model-source.ts';
import type { OpenRequest } from '../../src/repository/open-variant.ts';
import { Interference } from '../../src/scheduling/interference.ts';
import { Preparer } from '../../src/variant-preparation.ts';
import { ComputeBudget } from '../../src/workers/compute-budget.ts';
import { LoadTurns } from '../../src/workers/load-turns.ts';
import { type ProbeOptions, Prober } from '../../src/workers/probe.ts';

class RefusingProber extends Prober {
  asked: ProbeOptions | undefined;

  override probe(_: string, options: ProbeOptions): Promise<never> {
    this.asked = options;
    return Promise.reject(new Error('not tried'));
  }
}

test('a model may take memory for the weights beside its file when it is tried', async () => {
  const prober = new RefusingProber();
  const turns = new LoadTurns(1);
  const preparer = new Preparer({ budget: new ComputeBudget(1), prober, turns, state: undefined });
  const variant: VariantSource = {
    variant: 'default',
    name: 'model.onnx',
    path: '/absent/model.onnx',
    bytes: 3_000_000_400,
    fingerprint: '',
    dataStamp: '',
    dataBytes: 3_000_000_000,
  };
  const request: OpenRequest = {
    model: 'large',
    version: '1',
    variant,
    main: true,
    settings: DEFAULT_SETTINGS,
    logger: pino({ level: 'silent' }),
    signal: new AbortController().signal,
  };
  await expect(preparer.prepare(request, new Interference())).rejects.toThrow('not tried');
  expect(prober.asked?.dataBytes).toBe(3_000_000_000);
});
