import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { endChildrenOnSignal } from '../machine/children.ts';
import { describeMachine } from '../machine/describe.ts';
import { openLiveContext } from './live-context.ts';
import { MULTIPLES, peakCases } from './peak-case.ts';

const USAGE = `Measures the scheduler in the real server, over the shipped models and under load from another process.

  npm run live [-- CASE...]   peak

  --cores N       cores that the server plans its sessions for (all but one: its main thread and the load need one)
  --profile DIR   the server leaves a CPU profile there`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cores: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const CASES = ['peak'];
for (const name of positionals) {
  if (!CASES.includes(name)) throw new Error(`no case '${name}', there are ${CASES.join(', ')}`);
}

if (values.help) console.log(USAGE);
else await live(Number(values.cores), values.profile);

async function live(cores: number, profile: string | undefined): Promise<void> {
  if (!Number.isInteger(cores) || cores < 1) throw new RangeError('--cores must be a whole number above 0');
  endChildrenOnSignal();
  const told = (line: string) => process.stderr.write(`${line}\n`);
  const machine = describeMachine();
  told(`${machine.processor}, ${machine.cores} cores, ${machine.system}, Node.js ${machine.node}`);
  await using context = await openLiveContext({
    told,
    cores,
    ...(profile === undefined ? {} : { profile }),
  });
  told(`the generator runs at ${context.generator.priority} priority`);
  for (const { name, goodput, rows } of await peakCases(context)) {
    console.log(`${name}: ${goodput.toFixed(0)}/s on time at the peak`);
    for (const [index, { ratio, ratioWithoutGenerator }] of rows.entries()) {
      console.log(
        `  ${MULTIPLES[index]} x: ${ratio.toFixed(3)} of it, ${ratioWithoutGenerator.toFixed(3)} per core`,
      );
    }
  }
}
