import { isOf, watchStreams } from './grpc-streams.ts';

const HOURS = { H: 1, M: 1 / 60, S: 1 / 3600 } as const;

/** 24 days: grpc-js keeps milliseconds in 32 bits, in which 25 days are negative and 50 are soon over. */
const MOST_HOURS = 576;

/** Has longer deadlines of the calls of a server taken for 24 days. */
export function capTimeouts(port: number): Disposable {
  return watchStreams((created) => {
    const { headers } = created;
    const timeout = headers['grpc-timeout'];
    if (timeout === undefined || hoursOf(String(timeout)) <= MOST_HOURS || !isOf(created, port)) return;
    headers['grpc-timeout'] = `${MOST_HOURS}H`;
  });
}

/** 0 for units of which eight digits are less than a day or two. */
function hoursOf(timeout: string): number {
  const [, amount = '0', unit = ''] = /^(\d{1,8})([HMS])$/.exec(timeout) ?? [];
  return Number(amount) * (HOURS[unit as keyof typeof HOURS] ?? 0);
}
