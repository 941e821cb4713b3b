import { availableParallelism, freemem } from 'node:os';
import { checkOutputs, writeOutputs } from '../command/output-files.ts';
import { endChildrenOnSignal } from '../machine/children.ts';
import { describeMachine } from '../machine/describe.ts';
import type { Screen } from '../report/terminal.ts';
import type { RaceProgress } from './arena.ts';
import { HELP, parseTuneArguments, type TuneArguments } from './arguments.ts';
import { type Configuration, idOf, KEYS, nameOf, type Settings } from './configuration.ts';
import { liveView } from './live-view.ts';
import { findModel, type TunedModel } from './model-files.ts';
import { checkWritable, settingsText, writeSettings } from './model-json.ts';
import { tuneChart, tuneTable, verdictText } from './report.ts';
import { FORMAT, figuresOfTuned, type TuneResult } from './result.ts';
import { type Found, ServedArena } from './served-arena.ts';
import { spaceFor } from './space.ts';
import { trafficFor } from './traffic.ts';
import { type Tuned, tune } from './tune.ts';

/** What an instance takes beside its file and what the runtime makes of it, bytes. */
const MEMORY_PER_INSTANCE = 48 * 2 ** 20;
const FILE_TIMES = 1.5;

/** Share of the free memory that the configurations may take together. */
const MEMORY_SHARE = 0.5;
const LEAST_OPEN = 5;

/**
 * The command `sluice tune`. Resolves to the exit code: 0, or 1 where no configuration keeps the bound or requests of
 * the winner or the defaults failed. Rejects where nothing could be measured, with the reason.
 */
export async function runTune(argv: readonly string[], screen: Screen = process.stdout): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    screen.write(HELP);
    return 0;
  }
  const args = parseTuneArguments(argv);
  const model = await findModel(args.repository, args.model);
  if (args.write) await checkWritable(model);
  const files = { json: args.json, svg: args.svg };
  await checkOutputs(files);
  endChildrenOnSignal();
  const view = liveView(screen);
  let result: TuneResult;
  try {
    result = await search(args, model, view);
  } finally {
    view.end();
  }
  screen.write(`\n${tuneTable(result)}\n${verdictText(result)}`);
  const written = await write(args, model, result, screen);
  await writeOutputs(files, {
    json: () => `${JSON.stringify({ ...result, ...written }, undefined, 1)}\n`,
    svg: () => tuneChart(result),
  });
  return result.verdict === 'nothing' || hasFailures(result) ? 1 : 0;
}

async function search(args: TuneArguments, model: TunedModel, view: RaceProgress): Promise<TuneResult> {
  const { bound, budget, concurrencies, protocol, rows, seed } = args;
  const started = new Date().toISOString();
  const begun = performance.now();
  const machine = describeMachine();
  const traffic = await trafficFor(model, args);
  view.status('starting the server', 0);
  await using arena = await ServedArena.start({ model, protocol, traffic, seed });
  const found = await arena.findDefaults();
  const asItIs = await configuredNow(arena, model, found);
  view.round(`${args.model}: the defaults are ${nameOf(found.defaults)}; batching ${found.batching}`, []);
  const rowsOut = Math.max(...concurrencies) * rows;
  const cores = availableParallelism();
  const space = spaceFor({ defaults: found.defaults, cores, batched: found.batched, rowsOut, bound });
  const options = { space, concurrencies, bound, seed, mostOpen: mostOpen(model, cores) };
  const spent = Math.min(budget, performance.now() - begun);
  const tuned: Tuned = await tune(
    arena,
    { ...options, ...(asItIs === undefined ? {} : { asItIs }), spent, budget: budget - spent },
    view,
  );
  return {
    format: FORMAT,
    started,
    machine,
    model: args.model,
    protocol,
    rowsPerRequest: rows,
    lengths: traffic.lengths,
    concurrencies,
    bound,
    budget: budget / 1000,
    took: (performance.now() - begun) / 1000,
    seed,
    batching: found.batching,
    defaults: found.defaults,
    ...figuresOfTuned(tuned, found.defaults),
  };
}

/** What model.json makes of the tuned keys now; undefined where that is the defaults. */
async function configuredNow(
  arena: ServedArena,
  { settings }: TunedModel,
  { defaults }: Found,
): Promise<Configuration | undefined> {
  const keys = Object.fromEntries(
    KEYS.filter((key) => settings[key] !== undefined).map((key) => [key, settings[key]]),
  ) as Settings;
  const configured = { ...defaults, ...keys };
  if (idOf(configured) === idOf(defaults)) return undefined;
  return arena.findConfigured(keys);
}

/** Copies of the model that fit into the memory that is free. */
function mostOpen({ bytes }: TunedModel, cores: number): number {
  const each = cores * (bytes * FILE_TIMES + MEMORY_PER_INSTANCE);
  return Math.max(LEAST_OPEN, Math.floor((freemem() * MEMORY_SHARE) / each));
}

/** Writes the winner's keys where that was asked for and is worth it, and says what became of it. */
async function write(
  { write: asked }: TuneArguments,
  model: TunedModel,
  { verdict, winner, defaults }: TuneResult,
  screen: Screen,
): Promise<{ readonly written?: string }> {
  const worth = verdict === 'gain' || verdict === 'bound';
  if (!worth || winner === undefined) {
    if (asked) screen.write('Nothing is written.\n');
    return {};
  }
  if (!asked) {
    screen.write(`--write puts them into model.json: ${settingsText(winner.keys)}\n`);
    return {};
  }
  const written = await writeSettings(model, winner.configuration, defaults);
  screen.write(`Written to ${written}.\n`);
  return { written };
}

/** Failures of configurations that lost are part of why they lost. */
function hasFailures({ configurations, winner, duel }: TuneResult): boolean {
  const loads = configurations
    .filter(({ configuration, isDefault }) => isDefault || configuration === winner?.configuration)
    .flatMap((each) => each.loads);
  return [...loads, ...(duel === undefined ? [] : [duel.winner, duel.rival])].some(
    ({ failed }) => failed > 0,
  );
}
