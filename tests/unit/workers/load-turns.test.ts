import { expect, test } from 'vitest';
import { LoadTurns } from '../../../src/workers/load-turns.ts';

/** Loads that end when the test says so, and the order in which they began. */
function loads(turns: LoadTurns) {
  const begun: string[] = [];
  const open = (name: string, first: boolean) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = turns.run(first, () => {
      begun.push(name);
      return promise;
    });
    done.catch(() => {});
    return {
      end: async () => {
        resolve();
        await done;
      },
      fail: async () => {
        reject(new Error('broken'));
        await done.catch(() => {});
      },
    };
  };
  return { begun, open };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('variants that answer for their models are opened before all others', async () => {
  const { begun, open } = loads(new LoadTurns(2));
  const a = open('a', true);
  open('a int8', false);
  const b = open('b', true);
  const c = open('c', true);
  await settled();
  expect(begun).toEqual(['a', 'b']);
  await a.fail();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
  await b.end();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
  await c.end();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c', 'a int8']);
});

test('after the start nobody waits for anybody', async () => {
  const turns = new LoadTurns(1);
  const { begun, open } = loads(turns);
  open('a', true);
  open('b', false);
  turns.end();
  open('c', false);
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
});
