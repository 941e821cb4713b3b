import { availableParallelism } from 'node:os';
import type { Traffic } from '../inputs/requests.ts';
import { endChildrenOnSignal } from '../machine/children.ts';
import { leftOutText, toCsv } from '../report/csv.ts';
import { toHtml } from '../report/html.ts';
import { type Screen, terminalProgress } from '../report/terminal.ts';
import { Served } from '../server/served.ts';
import { failedOf } from '../suite/figures.ts';
import type { SuiteResult } from '../suite/result.ts';
import { runSuite, type SuiteOptions } from '../suite/run-suite.ts';
import { isRest } from '../targets/target.ts';
import { findModel } from '../tune/model-files.ts';
import { type BenchArguments, HELP, parseArguments } from './arguments.ts';
import { compareFiles } from './compare-files.ts';
import { readTexts } from './flag-values.ts';
import { checkOutputs, writeOutputs } from './output-files.ts';

/** Requests out at once in scenario offline: enough to fill every batch, and less than any sane queue's bound. */
const OFFLINE_CONCURRENCY = 64;

/**
 * The command `sluice bench`. Resolves to the exit code: 0, or 1 where requests failed or figures are invalid
 * (`compare` has codes of its own). Rejects where nothing could be measured, with the reason.
 */
export async function runBench(argv: readonly string[], screen: Screen = process.stdout): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    screen.write(HELP);
    return 0;
  }
  if (argv[0] === 'compare') return compareFiles(argv.slice(1), screen);
  const args = parseArguments(argv);
  await checkOutputs(args.files);
  if (args.address === undefined) endChildrenOnSignal();
  const traffic = await trafficOf(args);
  await using server = args.address === undefined ? await Served.start(args.repository) : undefined;
  const progress = terminalProgress(screen);
  let result: SuiteResult;
  try {
    result = await runSuite({ ...(await optionsOf(args, server)), traffic }, progress);
  } finally {
    progress.end();
  }
  await writeOutputs(args.files, {
    json: () => `${JSON.stringify(result)}\n`,
    csv: () => toCsv(result),
    html: () => toHtml(result),
  });
  if (args.files.csv !== undefined) screen.write(leftOutText(result));
  return result.points.some((point) => failedOf(point) > 0 || point.invalid.length > 0) ? 1 : 0;
}

async function trafficOf({ models, rows, lengths, largestId, texts }: BenchArguments): Promise<Traffic[]> {
  const lines = texts === undefined ? undefined : await readTexts(texts);
  return models.map(({ name, weight }) => ({
    model: name,
    weight,
    rows,
    lengths,
    largestId,
    ...(lines === undefined ? {} : { texts: lines }),
  }));
}

async function optionsOf(
  args: BenchArguments,
  server: Served | undefined,
): Promise<Omit<SuiteOptions, 'traffic'>> {
  const { protocol, models, seed, lengths, largestId } = args;
  const own = isRest(protocol) ? server?.rest : server?.grpc;
  const [first, ...others] = models;
  // Several models have no common ceiling, and texts no sequence length that is known here.
  const single = others.length > 0 || args.texts !== undefined ? undefined : first;
  const found = server && single && (await findModel(args.repository, single.name));
  const path = single && (args.onnx ?? found?.path);
  const admin = args.admin ?? server?.admin;
  const sessions = args.sessions ?? Math.min(availableParallelism(), 16);
  const setup = { path: path ?? '', intraOpThreads: 1, lengths, largestId, seed };
  return {
    target: { protocol, address: args.address ?? own ?? '' },
    ...(admin === undefined ? {} : { admin }),
    ...(server === undefined ? {} : { serverPid: server.pid }),
    ...(path === undefined ? {} : { ceiling: { setup, sessions } }),
    scenarios: args.scenarios,
    concurrencies: args.concurrencies,
    rates: args.rates,
    arrivals: args.arrivals,
    bound: args.bound,
    offlineConcurrency: OFFLINE_CONCURRENCY,
    driver: 'autocannon',
    window: args.window,
    warmUp: args.warmUp,
    mostWindows: args.mostWindows,
    seed,
  };
}
