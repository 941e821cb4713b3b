import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { RestConnection } from '../../../bench/targets/rest-connection.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ address }) => address === '::1'),
);

test.skipIf(!hasIpv6)('a server is asked by its address of IPv6', async () => {
  const server = createServer((_, response) => response.end('here'));
  await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
  const connection = new RestConnection(`http://[::1]:${(server.address() as AddressInfo).port}`);
  const { failure, body } = await connection.get('/');
  connection.close();
  server.close();
  expect(failure).toBeUndefined();
  expect(body.toString()).toBe('here');
});
