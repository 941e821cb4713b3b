import type { CoresUsed } from '../machine/cpu.ts';
import { median } from '../statistics/summary.ts';
import { type Figures, figuresOf, mergeSamples } from './figures.ts';
import { mixedLengths } from './lengths.ts';
import { type Answered, FAMILY, FASTEST, type LiveContext, PINNED, SLOWEST } from './live-context.ts';
import { type Peak, searchPeak } from './search-peak.ts';
import type { Stream } from './stream.ts';

/** Milliseconds that every request is given. */
const DEADLINE = 100;

/** Rates as multiples of the peak's; the first is the peak itself. */
export const MULTIPLES = [1, 2, 5, 10];

/** Windows at each of them, in turn: what the machine does meanwhile meets all alike. */
const ROUNDS = 3;

/** Milliseconds. */
const SEARCH_WINDOW = 1200;
const WINDOW = 2000;

/** A load at one multiple of the peak, all its windows together. */
export interface MultipleRow {
  readonly multiple: number;
  readonly rate: number;
  readonly figures: Figures;
  readonly cores: CoresUsed;
  /** Goodput over that of the peak in the same round; the median. */
  readonly ratio: number;
  /** The same with the generator's CPU time left out of what the server could have used. */
  readonly ratioWithoutGenerator: number;
}

export interface PeakResult {
  readonly name: string;
  readonly deadline: number;
  /** Requests per second with the highest goodput. */
  readonly rate: number;
  readonly goodput: number;
  readonly rows: readonly MultipleRow[];
}

interface PeakSpec {
  readonly name: string;
  readonly model: string;
  /** What answers when there is no time for anything better. */
  readonly fastest: string;
  readonly rows: number;
}

/**
 * One slow variant, so that computing is the limit; and free choice, with eight rows to a request, so that ten times
 * the peak is a rate that the machine can still send beside its work.
 */
const SPECS: readonly PeakSpec[] = [
  { name: `pinned to ${SLOWEST}`, model: `${PINNED}@${SLOWEST}`, fastest: `${PINNED}@${SLOWEST}`, rows: 1 },
  { name: 'free choice, 8 rows a request', model: FAMILY, fastest: `${PINNED}@${FASTEST}`, rows: 8 },
];

/** Goodput at the peak and at multiples of its rate. */
export async function peakCases(context: LiveContext): Promise<PeakResult[]> {
  const results: PeakResult[] = [];
  for (const spec of SPECS) results.push(await peakCase(context, spec));
  return results;
}

async function peakCase(context: LiveContext, { name, model, fastest, rows }: PeakSpec): Promise<PeakResult> {
  const stream: Stream = { model, rows, lengths: mixedLengths(), deadline: DEADLINE };
  const at = (rate: number, seed: number, duration: number): Promise<Answered> =>
    context.measure({ stream, arrivals: { kind: 'poisson', rate }, seed, duration });
  const peak = await searchPeak(
    async (rate) => {
      const { figures } = await at(rate, 1, SEARCH_WINDOW);
      context.told(`${name}: ${rate.toFixed(0)}/s offered, ${figures.goodput.toFixed(0)}/s on time`);
      return figures.goodput;
    },
    await context.closedRate({ ...stream, model: fastest }),
  );
  const rounds: Answered[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const answers: Answered[] = [];
    for (const multiple of MULTIPLES) {
      const answer = await at(rateOf(peak, multiple), 10 + round, WINDOW);
      answers.push(answer);
      context.told(`${name}, round ${round + 1}: ${multiple} x the peak: ${lineOf(answer)}`);
    }
    rounds.push(answers);
  }
  return {
    name,
    deadline: DEADLINE,
    rate: peak.rate,
    goodput: peak.goodput,
    rows: rowsOf(context, rounds, peak),
  };
}

/** The peak is measured at its own rate, which is above its goodput where some of it was refused. */
const rateOf = (peak: Peak, multiple: number): number =>
  multiple === 1 ? peak.rate : multiple * peak.goodput;

function rowsOf({ accuracies, cores: count }: LiveContext, rounds: readonly Answered[][], peak: Peak) {
  return MULTIPLES.map((multiple, index): MultipleRow => {
    const pick = rounds.flatMap((round) => round[index] ?? []);
    const ratios = rounds.flatMap((round) => {
      const [first, own] = [round[0], round[index]];
      return first === undefined || own === undefined ? [] : [ratioOf(own, first, count)];
    });
    return {
      multiple,
      rate: rateOf(peak, multiple),
      figures: figuresOf(mergeSamples(pick.map(({ samples }) => samples)), DEADLINE, accuracies),
      cores: {
        server: median(pick.map(({ cores }) => cores.server)),
        generator: median(pick.map(({ cores }) => cores.generator)),
        others: median(pick.map(({ cores }) => cores.others)),
      },
      ratio: median(ratios.map(([plain]) => plain)),
      ratioWithoutGenerator: median(ratios.map(([, without]) => without)),
    };
  });
}

/** Goodput over goodput, as it is and per core that the generator left. */
function ratioOf(own: Answered, peak: Answered, cores: number): readonly [number, number] {
  const plain = own.figures.goodput / peak.figures.goodput;
  const left = ({ cores: used }: Answered): number => cores - used.generator;
  return [plain, (plain * left(peak)) / left(own)];
}

/** One window in a line, while it goes on. */
function lineOf({ figures, cores }: Answered): string {
  const { offered, goodput, refused, dropped, failed, lateAtClient, lateAtServer, p50, p99 } = figures;
  const share = (value: number): string => `${(value * 100).toFixed(2)} %`;
  return [
    `${offered.toFixed(0)}/s offered, ${goodput.toFixed(0)} on time, ${refused.toFixed(0)} refused, ${dropped.toFixed(1)} dropped`,
    ...(failed > 0 ? [`${failed.toFixed(1)} FAILED: ${figures.failure ?? 'no answer'}`] : []),
    `late ${share(lateAtClient)} (server ${share(lateAtServer)})`,
    `p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms`,
    `refusals p50 ${figures.refusalP50.toFixed(2)} p99 ${figures.refusalP99.toFixed(2)} ms`,
    `sent late ${share(figures.sentLate)}`,
    `cores: server ${cores.server.toFixed(2)} generator ${cores.generator.toFixed(2)} others ${cores.others.toFixed(2)}`,
    figures.variants.map(([variant, part]) => `${variant} ${(part * 100).toFixed(0)} %`).join(' '),
  ].join('; ');
}
