import { messageOf } from '../../src/errors.ts';
import { inference as messages } from '../../src/protocol/generated/inference.js';
import { encodeMessage } from '../../src/protocol/grpc-messages.ts';
import type { Traffic } from '../inputs/requests.ts';
import { call, openChannel } from '../targets/grpc-channel.ts';
import { METHODS } from '../targets/grpc-messages.ts';
import { type Answer, isRest, type TargetSpec } from '../targets/target.ts';
import { countersIn } from './metrics-page.ts';
import type { Counters, ReadCounters } from './stages.ts';
import { countersOf, type StatisticsAnswer, sumOf } from './statistics.ts';

/** Milliseconds to wait for a reading. */
const PATIENCE = 5000;

type Sent = Pick<Traffic, 'model' | 'rows'>;

/**
 * How to read a server's counters: from this server's metrics where their address is known, else by the statistics
 * extension of the protocol, which Triton has too. A server with neither gives undefined.
 */
export function countersReader(
  { protocol, address }: TargetSpec,
  traffic: readonly Sent[],
  admin: string | undefined,
): ReadCounters {
  if (admin !== undefined) {
    const models = traffic.map(({ model }) => model);
    return orNothing(async () => countersIn(await text(`${admin}/metrics`), models));
  }
  if (!isRest(protocol)) return orNothing(() => overGrpc(address, traffic));
  return orNothing(async () => {
    const answers = traffic.map(async ({ model, rows }) => {
      const body = await text(`${address}/v2/models/${encodeURIComponent(model)}/stats`);
      // A task makes as many runs of its texts as it likes, but none without a row.
      return countersOf(JSON.parse(body) as StatisticsAnswer, protocol === 'task' ? 1 : rows);
    });
    return sumOf(await Promise.all(answers));
  });
}

/**
 * Rejects where an address of metrics does not answer, or knows none of the models, which have been asked before: the
 * report would have no stages and not say why.
 */
export async function checkAdmin(admin: string, models: readonly string[]): Promise<void> {
  const page = await text(`${admin}/metrics`).catch((error: unknown) => {
    throw new Error(`--admin is '${admin}', which does not answer: ${reasonOf(error)}`);
  });
  if (countersIn(page, models) !== undefined) return;
  throw new Error(`--admin is '${admin}', which has no metrics of ${models.join(', ')}`);
}

/** What fetch says is in the cause of what it throws. */
const reasonOf = (error: unknown): string =>
  messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);

async function overGrpc(address: string, traffic: readonly Sent[]): Promise<Counters> {
  const channel = openChannel(address);
  try {
    const answers = traffic.map(async ({ model: name, rows }) => {
      const message = encodeMessage(messages.ModelStatisticsRequest, { name });
      const { failure, body } = await new Promise<Answer>((resolve) =>
        call(channel, METHODS.statistics, message, resolve, { deadline: Date.now() + PATIENCE }),
      );
      if (failure !== undefined) throw new Error(failure);
      return countersOf(messages.ModelStatisticsResponse.decode(body), rows);
    });
    return sumOf(await Promise.all(answers));
  } finally {
    channel.close();
  }
}

async function text(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.text();
}

/** A server need not tell where its time goes: the report then has no stages. */
const orNothing =
  (read: ReadCounters): ReadCounters =>
  async () => {
    try {
      return await read();
    } catch {
      return undefined;
    }
  };
