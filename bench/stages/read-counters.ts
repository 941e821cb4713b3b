import { inference as messages } from '../../src/protocol/generated/inference.js';
import { encodeMessage } from '../../src/protocol/grpc-messages.ts';
import { call, openChannel } from '../targets/grpc-channel.ts';
import { METHODS } from '../targets/grpc-messages.ts';
import { type Answer, isRest, type TargetSpec } from '../targets/target.ts';
import { countersIn } from './metrics-page.ts';
import type { Counters, ReadCounters } from './stages.ts';
import { countersOf, type StatisticsAnswer, sumOf } from './statistics.ts';

/** Milliseconds to wait for a reading. */
const PATIENCE = 5000;

/**
 * How to read a server's counters: from this server's metrics where their address is known, else by the statistics
 * extension of the protocol, which Triton has too. A server with neither gives undefined.
 */
export function countersReader(
  { protocol, address }: TargetSpec,
  models: readonly string[],
  admin: string | undefined,
): ReadCounters {
  if (admin !== undefined) return orNothing(async () => countersIn(await text(`${admin}/metrics`), models));
  if (!isRest(protocol)) return orNothing(() => overGrpc(address, models));
  return orNothing(async () => {
    const answers = models.map(async (model) => {
      const body = await text(`${address}/v2/models/${encodeURIComponent(model)}/stats`);
      return countersOf(JSON.parse(body) as StatisticsAnswer);
    });
    return sumOf(await Promise.all(answers));
  });
}

async function overGrpc(address: string, models: readonly string[]): Promise<Counters> {
  const channel = openChannel(address);
  try {
    const answers = models.map(async (name) => {
      const message = encodeMessage(messages.ModelStatisticsRequest, { name });
      const { failure, body } = await new Promise<Answer>((resolve) =>
        call(channel, METHODS.statistics, message, resolve, { deadline: Date.now() + PATIENCE }),
      );
      if (failure !== undefined) throw new Error(failure);
      return countersOf(messages.ModelStatisticsResponse.decode(body));
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
