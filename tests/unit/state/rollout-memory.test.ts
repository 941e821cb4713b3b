import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rolloutSchema } from '../../../src/repository/rollout-config.ts';
import { rolloutMemory } from '../../../src/state/rollout-memory.ts';
import { StateFolder } from '../../../src/state/state-folder.ts';

const KEPT = {
  file: '',
  running: {
    plan: rolloutSchema.parse({ baselineVersion: 1, canaries: [{ version: 2, share: 0.1 }] }),
    source: 'api' as const,
    since: new Date(0).toISOString(),
    breaches: [null, { bound: 'latency' as const, reason: 'too slow' }],
  },
};

let path = '';
const open = (repository: string) =>
  rolloutMemory(new StateFolder({ path, logger: pino({ level: 'silent' }) }), repository, rolloutSchema);

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'sluice-state-'));
});
afterAll(() => rm(path, { recursive: true }));

test('what is kept of a model is known to the next start over the same repository, and to no other', async () => {
  await open('/models').write('a', KEPT);
  expect(await open('/models').read('a')).toEqual(KEPT);
  expect(await open('/models').read('b')).toBeUndefined();
  expect(await open('/others').read('a')).toBeUndefined();
});

test('files of variants above the bound take no rollout with them', async () => {
  const folder = new StateFolder({ path, logger: pino({ level: 'silent' }), most: 0 });
  await folder.save(`${'0'.repeat(40)}.json`, '{}');
  expect(await open('/models').read('a')).toEqual(KEPT);
});

test('what is no rollout is not known', async () => {
  const running = { ...KEPT.running, plan: { canaries: [{ version: 2, share: 7 }] } };
  const [name = ''] = await readdir(path);
  await writeFile(join(path, name), JSON.stringify({ ...KEPT, running }));
  expect(await open('/models').read('a')).toBeUndefined();
});
