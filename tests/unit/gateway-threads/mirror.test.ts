import { setImmediate as nextTurn } from 'node:timers';
import { setImmediate } from 'node:timers/promises';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { CallServer, type CallServerOptions } from '../../../src/gateway-threads/call-server.ts';
import type { ToThread } from '../../../src/gateway-threads/messages.ts';
import type { Mirror } from '../../../src/gateway-threads/mirror.ts';
import { MirrorPublisher } from '../../../src/gateway-threads/mirror-publisher.ts';
import { MirroredRegistry } from '../../../src/gateway-threads/mirrored-registry.ts';
import type { Registry, ServedVersion } from '../../../src/inference/served.ts';
import { FakeRegistry } from '../../support/fake-registry.ts';

/** A registry in memory that keeps a version as it is until `reload`, and counts who holds which. */
class SteadyRegistry extends FakeRegistry {
  readonly held = new Map<ServedVersion, number>();
  #versions = new Map<string, ServedVersion>();

  override version(name: string, version?: string): ServedVersion {
    const served = super.version(name, version);
    const key = `${name}/${served.version}`;
    const known = this.#versions.get(key) ?? this.#counted(served);
    this.#versions.set(key, known);
    return known;
  }

  reload(): void {
    this.#versions = new Map();
  }

  #counted(served: ServedVersion): ServedVersion {
    const counted: ServedVersion = {
      ...served,
      hold: () => {
        this.held.set(counted, (this.held.get(counted) ?? 0) + 1);
        return () => void this.held.set(counted, (this.held.get(counted) ?? 0) - 1);
      },
    };
    return counted;
  }
}

/** A publisher, and the mirror of one thread that hears when the test says so. */
function start(registry = new SteadyRegistry()) {
  let rollout = false;
  let now = 0;
  const waits: number[] = [];
  const publisher = new MirrorPublisher({
    registry,
    accepting: () => true,
    hasRollout: () => rollout,
    schedule: (publish, milliseconds) => {
      waits.push(milliseconds);
      nextTurn(publish);
    },
    now: () => now++,
  });
  const sent: Mirror[] = [];
  const reader = { send: (mirror: Mirror) => void sent.push(mirror) };
  const mirrored = new MirroredRegistry({
    control: { load: async () => {}, unload: async () => {} },
    onDropped: (snapshot) => publisher.dropped(reader, snapshot),
  });
  const hear = (): ServedVersion[] =>
    sent.splice(0).flatMap((mirror) => {
      const arrived = mirrored.update(structuredClone(mirror));
      publisher.mirrored(reader, mirror.revision);
      return arrived;
    });
  publisher.add(reader);
  return {
    registry,
    publisher,
    reader,
    mirrored,
    sent,
    hear,
    /** Tells of all changes of a turn, and lets the thread hear. */
    async change() {
      publisher.changed();
      await setImmediate();
      return hear();
    },
    waits,
    beginRollout: () => {
      rollout = true;
    },
  };
}

const NAMES: readonly (readonly [string, string?])[] = [
  ['add'],
  ['add', '1'],
  ['add', '2'],
  ['absent'],
  ['absent', '1'],
];

/** What a registry says, in words. */
function said(registry: Registry, name: string, version?: string): string {
  try {
    const { model, version: found, variants, statuses, labels } = registry.version(name, version);
    const parts = [...variants.values()].map(({ variant, signature }) =>
      JSON.stringify([variant, signature]),
    );
    return [model, found, ...parts, ...statuses.keys(), ...labels.keys()].join(' ');
  } catch (error) {
    return String(error);
  }
}

describe('a mirror', () => {
  test('says of every model and version what the registry says', () => {
    const { registry, mirrored, hear } = start();
    hear();
    for (const [name, version] of NAMES) {
      expect(said(mirrored, name, version)).toBe(said(registry, name, version));
    }
    expect(said(mirrored, 'add', '3')).toBe("InferenceError: model 'add' has no version 3, it has 1, 2");
    expect(said(mirrored, 'nobody')).toBe("InferenceError: model 'nobody' is not found");
    expect(mirrored.models()).toEqual(registry.models());
    expect(mirrored.versions('add')).toEqual(registry.versions('add'));
    expect(mirrored.index()).toEqual(registry.index());
    expect([mirrored.ready, mirrored.accepting, mirrored.missing]).toEqual([true, true, []]);
  });

  test('hears of all changes of a turn at once, and of a rollout', async () => {
    const { publisher, registry, mirrored, sent, hear, change, beginRollout } = start();
    hear();
    await registry.unload('add');
    publisher.changed();
    publisher.changed();
    beginRollout();
    expect(mirrored.models()).toContain('add');
    expect(mirrored.hasRollout('add')).toBe(false);
    await setImmediate();
    expect(sent.length).toBe(1);
    await change();
    expect(mirrored.models()).not.toContain('add');
    expect(mirrored.hasRollout('add')).toBe(true);
    expect(mirrored.hasRollout('nobody')).toBe(false);
  });

  test('keeps a version open until the thread that was told of it is done with it', async () => {
    const { registry, mirrored, hear, change } = start();
    hear();
    const old = registry.version('add', '2');
    const release = mirrored.version('add').hold();
    registry.reload();
    expect((await change()).map(({ model }) => model)).toContain('add');
    expect(registry.held.get(old)).toBe(1);
    release();
    release();
    expect(registry.held.get(old)).toBe(0);
    expect(registry.held.get(registry.version('add', '2'))).toBe(1);
  });

  test('is told the less often the longer telling takes', async () => {
    const { waits, hear, change } = start();
    hear();
    await change();
    // By the clock of this test every look at it takes a millisecond: telling takes one, nine are rested, one is over.
    expect(waits).toEqual([8]);
  });

  test('is told at once, so that none replaces another that was not heard of', () => {
    const { publisher } = start();
    const { port1, port2 } = new MessageChannel();
    const server = new CallServer(port1, { publisher } as unknown as CallServerOptions);
    const second = { send: () => {} };
    publisher.add(second);
    const revisions: number[] = [];
    for (let got = receiveMessageOnPort(port2); got !== undefined; got = receiveMessageOnPort(port2)) {
      revisions.push((got.message as ToThread).mirror?.revision ?? 0);
    }
    expect(revisions).toEqual([2, 3]);
    server[Symbol.dispose]();
  });

  test('is the same version for as long as its snapshot is', async () => {
    const { mirrored, hear, change } = start();
    hear();
    const before = mirrored.version('add');
    expect(await change()).toEqual([]);
    expect(mirrored.version('add')).toBe(before);
  });

  test('lets a thread run on what it has, and on nothing else', async () => {
    const { publisher, registry, mirrored, reader, hear, change } = start();
    hear();
    const { snapshot } = mirrored.version('add') as unknown as { snapshot: number };
    expect(publisher.target(snapshot, 'int8')[0]).toBe(registry.version('add'));
    expect(() => publisher.target(snapshot, 'other')).toThrow(/no thread/);
    registry.reload();
    await change();
    expect(() => publisher.target(snapshot, 'int8')).toThrow(/no thread/);
    publisher.remove(reader);
    expect([...registry.held.values()].reduce((sum, count) => sum + count)).toBe(0);
  });

  test('a change is everywhere when every thread has heard of it, or is gone', async () => {
    const { publisher, reader, hear } = start();
    const second = { send: () => {} };
    publisher.add(second);
    hear();
    publisher.changed();
    let settled = false;
    const everywhere = publisher.everywhere().then(() => {
      settled = true;
    });
    await setImmediate();
    hear();
    await setImmediate();
    expect(settled).toBe(false);
    publisher.remove(second);
    await everywhere;
    publisher.remove(reader);
    await publisher.everywhere();
  });
});
