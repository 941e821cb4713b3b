import { pino } from 'pino';
import { DataPlane } from '../../src/inference/data-plane.ts';
import { FakeRegistry } from './fake-registry.ts';

/** A real data plane over a registry in memory. */
export function fakeDataPlane(registry = new FakeRegistry(), accepting = () => true): DataPlane {
  return new DataPlane({
    registry,
    server: { name: 'sluice', version: '0.0.0', extensions: ['binary_tensor_data'] },
    accepting,
  });
}

export const SILENT_LOGGER = pino({ level: 'silent' });
