import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** Node tells here of every HTTP/2 stream, with the headers that grpc-js reads afterwards. */
const CREATED = 'http2.server.stream.created';

const HOURS = { H: 1, M: 1 / 60, S: 1 / 3600 } as const;

/** 24 days: grpc-js keeps milliseconds in 32 bits, in which 25 days are negative and 50 are soon over. */
const MOST_HOURS = 576;

/** Has longer deadlines of the calls of a server taken for 24 days. */
export function capTimeouts(port: number): Disposable {
  const created = (event: unknown): void => {
    const { stream, headers } = event as { stream: ServerHttp2Stream; headers: IncomingHttpHeaders };
    const timeout = headers['grpc-timeout'];
    if (timeout === undefined || stream.session?.socket.localPort !== port) return;
    if (hoursOf(String(timeout)) > MOST_HOURS) headers['grpc-timeout'] = `${MOST_HOURS}H`;
  };
  subscribe(CREATED, created);
  return { [Symbol.dispose]: () => void unsubscribe(CREATED, created) };
}

/** 0 for units of which eight digits are less than a day or two. */
function hoursOf(timeout: string): number {
  const [, amount = '0', unit = ''] = /^(\d{1,8})([HMS])$/.exec(timeout) ?? [];
  return Number(amount) * (HOURS[unit as keyof typeof HOURS] ?? 0);
}
