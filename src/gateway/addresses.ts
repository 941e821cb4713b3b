import { lookup } from 'node:dns/promises';

/** The addresses of a host to listen on: those of `localhost` may be of both families. */
export async function addressesOf(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
