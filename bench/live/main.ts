/**
 * The scheduler in the real server: `npm run live` runs every case and writes its part of docs/scheduling.md, `npm run
 * live -- peak` one of them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { number } from '../command/flag-values.ts';
import { endChildrenOnSignal } from '../machine/children.ts';
import { describeMachine } from '../machine/describe.ts';
import { scriptArguments } from '../script-arguments.ts';
import { replaceTables } from '../sim/replace-tables.ts';
import { LATE_SHARE } from '../suite/figures.ts';
import { burstCases } from './burst-case.ts';
import { lengthCase } from './length-case.ts';
import { openLiveContext } from './live-context.ts';
import { peakCases } from './peak-case.ts';
import { burstPicture, peakPicture } from './pictures.ts';
import { singleCase } from './single-case.ts';
import { barsOf, type LiveResults, liveTables } from './tables.ts';

const USAGE = `Measures the scheduler in the real server, over the shipped models and under load from another process, and writes
the tables and pictures of docs/scheduling.md.

  npm run live [-- CASE...]   peak, bursts, single, lengths; all where none is named

  --cores N       cores that the server plans its sessions for (all but one: its main thread and the load need one)
  --profile DIR   the server leaves a CPU profile there
  --dry-run       print only, write nothing`;

const PAGE = new URL('../../docs/scheduling.md', import.meta.url);
const PICTURES = new URL('../../docs/img/', import.meta.url);

const CASES = ['peak', 'bursts', 'single', 'lengths'] as const;

const { cores, profile, dryRun, wanted } = scriptArguments({
  usage: USAGE,
  options: {
    cores: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
    profile: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
  },
  cases: CASES,
  check: (values, names) => ({
    cores: number('cores', values.cores, { whole: true }),
    profile: values.profile,
    dryRun: values['dry-run'],
    wanted: names,
  }),
});

const told = (line: string) => process.stderr.write(`${line}\n`);

report(await measure());

async function measure(): Promise<LiveResults> {
  endChildrenOnSignal();
  const wants = (name: (typeof CASES)[number]): boolean => wanted.includes(name);
  const machine = describeMachine();
  await using context = await openLiveContext({
    told,
    cores,
    ...(profile === undefined ? {} : { profile }),
  });
  const setting =
    `${machine.processor}, ${machine.cores} cores, ${cores} of them planned for by the server; ` +
    `the load runs at ${context.generator.priority} priority.`;
  told(setting);
  // The quiet case first, while nothing has been asked of the server.
  const single = wants('single') ? await singleCase(context) : undefined;
  const bursts = wants('bursts') ? await burstCases(context) : undefined;
  const lengths = wants('lengths') ? await lengthCase(context) : undefined;
  // Overload last: it is remembered for a moment.
  const peak = wants('peak') ? await peakCases(context) : undefined;
  const { measured, again } = context.windows;
  return {
    setting:
      again === 0
        ? setting
        : `${setting} ${again} of ${measured} windows were measured again, because more than ${LATE_SHARE * 100} % of their requests went late.`,
    ...(peak === undefined ? {} : { peak }),
    ...(bursts === undefined ? {} : { bursts }),
    ...(single === undefined ? {} : { single }),
    ...(lengths === undefined ? {} : { lengths }),
  };
}

function report(results: LiveResults): void {
  const tables = liveTables(results);
  for (const [name, text] of tables) console.log(`\n${name}\n\n${text}`);
  const missed = barsOf(results).filter(({ verdict }) => verdict === 'missed');
  for (const { what, reached, goal } of missed) console.log(`\nnot reached: ${what}: ${reached}, ${goal}`);
  process.exitCode = missed.length > 0 ? 1 : 0;
  if (dryRun) return;
  mkdirSync(PICTURES, { recursive: true });
  const { peak, bursts } = results;
  if (peak !== undefined) writeFileSync(new URL('live-goodput.svg', PICTURES), peakPicture(peak));
  if (bursts !== undefined) writeFileSync(new URL('live-accuracy.svg', PICTURES), burstPicture(bursts));
  writeFileSync(PAGE, replaceTables(readFileSync(PAGE, 'utf8'), tables));
}
