import { batchers, type Contender, run, sluice } from './field.ts';
import type { Measures } from './measure.ts';
import { mixedLength, SEQUENCE } from './settings.ts';

export interface LengthRow {
  readonly policy: string;
  readonly measures: Measures;
}

/** Well beyond what either can do, requests per millisecond. */
const RATE = 3;
const LENGTHS = [16, 32, 64, 128];
const TYPICAL = 64;

/** Answers on time of a sequence model whose requests are 8 to 128 long, offered more than it can do. */
export function lengthCases(horizon: number, told: (line: string) => void): LengthRow[] {
  const workload = {
    process: { kind: 'poisson' } as const,
    rate: RATE,
    horizon,
    seed: 3,
    slack: () => 200,
    length: mixedLength,
  };
  const blind: Contender = {
    ...sluice(SEQUENCE, { lengths: [TYPICAL], blind: TYPICAL }),
    name: 'Sluice, blind to lengths',
  };
  const contenders = [sluice(SEQUENCE, { lengths: LENGTHS }), blind];
  return [...contenders, ...batchers(SEQUENCE)].map((contender) => {
    told(`lengths ${contender.name}`);
    return { policy: contender.name, measures: run(contender, SEQUENCE, workload, ({ goodput }) => goodput) };
  });
}
