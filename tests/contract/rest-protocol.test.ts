import { afterAll, beforeAll } from 'vitest';
import { createRestServer, type RestServer } from '../../src/gateway/rest-server.ts';
import { fakeDataPlane, SILENT_LOGGER } from '../support/fake-data-plane.ts';
import { describeProtocol } from './protocol-cases.ts';
import { binaryDriver, jsonDriver } from './rest-drivers.ts';

let server: RestServer;
let base: string;

beforeAll(async () => {
  const options = { dataPlane: fakeDataPlane(), host: '127.0.0.1', port: 0, logger: SILENT_LOGGER };
  server = await createRestServer(options);
  base = `http://127.0.0.1:${server.address.port}`;
});

afterAll(() => server.close());

describeProtocol('REST with JSON', 'json', () => jsonDriver(base));
describeProtocol('REST with binary data', 'binary', () => binaryDriver(base));
