import { messageOf } from '../src/errors.ts';
import { type Bar, barText, type Verdict, verdictOf } from './bars/bar.ts';
import { type BarsContext, openContext } from './bars/context.ts';
import { encoderBars } from './bars/encoder.ts';
import { imageBars } from './bars/image.ts';
import { memoryBars } from './bars/memory.ts';
import { plainBars } from './bars/plain.ts';
import { startBars } from './bars/start.ts';
import { textBars } from './bars/text.ts';
import { tinyBars } from './bars/tiny.ts';
import { number } from './command/flag-values.ts';
import { endChildrenOnSignal } from './machine/children.ts';
import { describeMachine } from './machine/describe.ts';
import { scriptArguments } from './script-arguments.ts';

const CASES: Readonly<Record<string, (context: BarsContext, soak: number) => AsyncGenerator<Bar>>> = {
  encoder: encoderBars,
  text: textBars,
  tiny: tinyBars,
  image: imageBars,
  plain: plainBars,
  memory: memoryBars,
  start: startBars,
};

const USAGE = `The bars that the server is held to, measured on this machine: ratios within one run, never absolute figures.

  npm run bench [-- CASE...]   ${Object.keys(CASES).join(', ')}; all where none is named

  --soak MINUTES   how long the memory is watched at saturation (1)`;

const { soak, wanted } = scriptArguments({
  usage: USAGE,
  options: { soak: { type: 'string', default: '1' } },
  cases: Object.keys(CASES),
  check: (values, names) => ({ soak: number('soak', values.soak), wanted: names }),
});

endChildrenOnSignal();
const machine = describeMachine();
const begun = performance.now();
console.log(`${machine.processor}, ${machine.cores} cores, ${machine.system}, Node.js ${machine.node}`);
await using context = await openContext();
const counts: Record<Verdict, number> = { met: 0, MISSED: 0, unsure: 0 };
for (const [name, run] of Object.entries(CASES)) {
  if (!wanted.includes(name)) continue;
  try {
    for await (const bar of run(context, soak)) {
      console.log(barText(bar));
      counts[verdictOf(bar)]++;
    }
  } catch (error) {
    console.log(`FAILED  case '${name}': ${messageOf(error)}`);
    process.exitCode = 1;
  }
}
const seconds = (performance.now() - begun) / 1000;
const { met, MISSED: missed, unsure } = counts;
const open = unsure === 0 ? '' : `, ${unsure} unsure`;
console.log(
  `${met} met, ${missed} missed${open}; ${Math.floor(seconds / 60)} min ${(seconds % 60).toFixed(0)} s`,
);
if (missed > 0) process.exitCode = 1;
