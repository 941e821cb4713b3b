import { type Column, textTable } from '../../src/cli/text-table.ts';
import { QUIET } from '../bars/bar.ts';
import { type Axis, lineChart, ticksFor } from '../report/svg.ts';
import { idOf, nameOf } from './configuration.ts';
import type { LoadFigures } from './figures.ts';
import { settingsText } from './model-json.ts';
import type { TunedConfiguration, TuneResult } from './result.ts';

const COLUMNS: readonly Column[] = [
  { title: 'configuration', align: 'left' },
  { title: 'out', align: 'right' },
  { title: 'rows/s', align: 'right' },
  { title: 'p50 ms', align: 'right' },
  { title: 'p99 ms', align: 'right' },
  { title: 'CPU ms/row', align: 'right' },
  { title: 'bound', align: 'right' },
  { title: 'failed', align: 'right' },
  { title: 'seconds', align: 'right' },
  { title: '', align: 'left' },
];

/** Every load of every configuration, the front marked, and what was given up with the reason. */
export function tuneTable({ configurations }: TuneResult): string {
  const rows = configurations.flatMap((each) => each.loads.map((load) => cellsOf(each, load)));
  const given = configurations.filter(({ problem }) => problem !== '');
  const problems = given.map(({ configuration, problem }) => `${nameOf(configuration)}: ${problem}\n`);
  return textTable(COLUMNS, rows) + problems.join('');
}

function cellsOf({ configuration, front, isDefault }: TunedConfiguration, load: LoadFigures): string[] {
  const { concurrency, rows, p50, p99, cpu, within, failed, seconds } = load;
  return [
    nameOf(configuration),
    String(concurrency),
    rows.toFixed(1),
    ms(p50),
    ms(p99),
    Number.isFinite(cpu) ? cpu.toFixed(3) : '-',
    within ? 'kept' : 'missed',
    failed === 0 ? '-' : String(failed),
    seconds.toFixed(1),
    [...(front.includes(concurrency) ? ['front'] : []), ...(isDefault ? ['defaults'] : [])].join(', '),
  ];
}

/** What came of it, in sentences; where others used the machine meanwhile, that too. */
export function verdictText(result: TuneResult): string {
  const others = result.duel?.others ?? 0;
  const busy = `Others used ${others.toFixed(2)} cores meanwhile: repeat it on a quiet machine to be sure.\n`;
  return sentences(result) + priceOf(result) + (others > QUIET ? busy : '');
}

/** What a winner costs that no figure shows. */
function priceOf({ verdict, winner, defaults }: TuneResult): string {
  const worth = verdict === 'gain' || verdict === 'bound';
  const delayed = (winner?.configuration.maxQueueDelayMicroseconds ?? 0) > 0;
  if (!worth || !delayed || defaults.maxQueueDelayMicroseconds > 0) return '';
  return 'With a delay the model is batched by size and delay alone: nothing is refused early for its deadline, and no variant answers in place of another (docs/scheduling.md).\n';
}

function sentences(result: TuneResult): string {
  const { verdict, bound, winner, duel, defaults, configurations } = result;
  const load = `rows/s with the 99th percentile within ${bound} ms`;
  if (winner === undefined || verdict === 'nothing') {
    const least = Math.min(...configurations.flatMap(({ loads }) => loads.map(({ p99 }) => p99 || Infinity)));
    if (least <= bound) {
      return `No configuration keeps --latency-ms ${bound}: of the requests that were answered the least 99th percentile was ${ms(least)} ms, but more than 1 % failed, and these are slow ones. Ask for a smaller --concurrency.\n`;
    }
    return `No configuration keeps --latency-ms ${bound}: the least 99th percentile was ${ms(least)} ms. Allow more, or ask for a smaller --concurrency.\n`;
  }
  if (verdict === 'defaults') {
    return `The defaults win (${nameOf(defaults)}): nothing that was tried answers more ${load}. model.json needs none of these keys.\n`;
  }
  const keys = settingsText(winner.keys);
  if (duel === undefined) return `${keys} won the final but did not confirm it. Stay with the defaults.\n`;
  const { gain, pairs, against } = duel;
  const own = idOf(against) === idOf(defaults);
  const [rival, reach, miss] = own
    ? ['the defaults', 'The defaults reach', 'the defaults do not']
    : ['what model.json has now', 'What model.json has now reaches', 'what model.json has now does not'];
  const range = `${percent(gain.ratio)} (${percent(gain.low)} to ${percent(gain.high)} at 95 % confidence, ${pairs} pairs of windows in turn with ${rival})`;
  const figures = `${keys}: ${duel.winner.rows.toFixed(1)} rows/s at p99 ${ms(duel.winner.p99)} ms, ${rival} ${duel.rival.rows.toFixed(1)} at ${ms(duel.rival.p99)} ms.\n`;
  const share = `${reach} ${Math.min(100, Math.round(100 / gain.ratio))} % of it.\n`;
  switch (verdict) {
    case 'gain':
      return `${figures}That is ${range} more ${load}. ${share}`;
    case 'bound':
      return `${figures}It keeps the bound of ${bound} ms and ${miss}. In throughput it is at ${range}.\n`;
    case 'unclear':
      return `${figures}${
        duel.winner.within
          ? `The gain is ${range}: within the noise. ${share}`
          : `It won the final, but measured again it misses the bound of ${bound} ms.\n`
      }Stay with ${rival}.\n`;
  }
}

/** All loads as dots of throughput against latency, the front as a line, and the bound. */
export function tuneChart({ configurations, bound, model }: TuneResult): string {
  const all = configurations.flatMap((each) =>
    each.loads
      .filter(({ p99 }) => p99 > 0)
      .map((load) => ({
        x: load.rows,
        y: load.p99,
        front: each.front.includes(load.concurrency),
        isDefault: each.isDefault,
        label: `${nameOf(each.configuration)}, ${load.concurrency} out: ${load.rows.toFixed(1)} rows/s, p99 ${ms(load.p99)} ms`,
      })),
  );
  const front = all.filter((point) => point.front).toSorted((a, b) => a.x - b.x);
  const xTicks = ticksFor(
    all.map(({ x }) => x),
    'linear',
  );
  const yTicks = ticksFor([...all.map(({ y }) => y), bound], 'log');
  const x: Axis = { title: `rows per second, ${model}`, scale: 'linear', ticks: xTicks };
  const y: Axis = { title: '99th percentile, milliseconds', scale: 'log', ticks: yTicks };
  const ends = [xTicks[0] ?? 0, xTicks.at(-1) ?? 1];
  const svg = lineChart(
    [
      { name: 'measured', points: all, line: false },
      { name: 'bound', points: ends.map((end) => ({ x: end, y: bound, label: `bound ${bound} ms` })) },
      { name: 'front', points: front },
      { name: 'defaults', points: all.filter(({ isDefault }) => isDefault), line: false },
    ],
    x,
    y,
  );
  return `${svg.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" font-size="11" ').replace('>', '><style>.grid{stroke:#e5e7eb}</style><rect width="100%" height="100%" fill="#fff"/>')}\n`;
}

const ms = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '-');
const percent = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;
