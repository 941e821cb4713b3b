import { describe, expect, test } from 'vitest';
import { ComputeBudget, type Seat } from '../../../src/workers/compute-budget.ts';

/** A pool that starts whatever it has whenever it may, as a batcher over it would. */
class EagerPool {
  readonly started: string[];
  readonly #budget: ComputeBudget;
  readonly #seat: Seat;
  readonly #name: string;
  waiting = 0;

  constructor(name: string, budget: ComputeBudget, started: string[], threads = 1) {
    this.#name = name;
    this.#budget = budget;
    this.started = started;
    this.#seat = budget.join(threads, () => this.pump());
  }

  offer(batches: number): void {
    this.waiting += batches;
    this.pump();
  }

  end(): void {
    this.#budget.give(this.#seat);
    this.pump();
  }

  leave(): void {
    this.waiting = 0;
    this.#budget.leave(this.#seat);
  }

  pump(): void {
    while (this.waiting > 0 && this.#budget.available(this.#seat) > 0) {
      this.waiting--;
      this.#budget.take(this.#seat);
      this.started.push(this.#name);
    }
  }
}

function pools(cores: number, threads: Readonly<Record<string, number>>) {
  const budget = new ComputeBudget(cores);
  const started: string[] = [];
  const pool = (name: string): EagerPool => new EagerPool(name, budget, started, threads[name]);
  return { started, pool };
}

describe('the compute budget', () => {
  test('lets one pool use every core', () => {
    const { pool, started } = pools(2, { a: 1 });
    pool('a').offer(5);
    expect(started).toEqual(['a', 'a']);
  });

  test('gives busy pools turns in the order in which they asked', () => {
    const { pool, started } = pools(1, { a: 1, b: 1, c: 1 });
    const [a, b, c] = [pool('a'), pool('b'), pool('c')];
    a.offer(4);
    b.offer(3);
    c.offer(3);
    for (const running of [a, a, b, c, a, b]) running.end();
    expect(started).toEqual(['a', 'a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('never runs more threads than there are cores', () => {
    const { pool, started } = pools(4, { wide: 3, narrow: 1 });
    const [wide, narrow] = [pool('wide'), pool('narrow')];
    narrow.offer(2);
    wide.offer(2);
    expect(started).toEqual(['narrow', 'narrow']);
    narrow.end();
    expect(started).toEqual(['narrow', 'narrow', 'wide']);
    narrow.end();
    expect(started).toEqual(['narrow', 'narrow', 'wide']);
  });

  test('does not let narrow pools starve a wide one', () => {
    const { pool, started } = pools(2, { wide: 2, narrow: 1 });
    const [wide, narrow] = [pool('wide'), pool('narrow')];
    narrow.offer(10);
    wide.offer(1);
    for (let ended = 0; ended < 3; ended++) narrow.end();
    expect(started).toEqual(['narrow', 'narrow', 'narrow', 'wide']);
  });

  test('passes the turn on when the pool whose turn it is has nothing left', () => {
    const { pool, started } = pools(1, { a: 1, b: 1, c: 1 });
    const [a, b, c] = [pool('a'), pool('b'), pool('c')];
    a.offer(1);
    b.offer(1);
    c.offer(1);
    b.waiting = 0;
    a.end();
    expect(started).toEqual(['a', 'c']);
  });

  test('wakes a pool that took a core again when the next one is free', () => {
    const { pool, started } = pools(8, { a: 1, b: 1 });
    const [a, b] = [pool('a'), pool('b')];
    b.offer(8);
    a.offer(20);
    for (let ended = 1; ended <= 8; ended++) {
      b.end();
      expect(started.slice(8)).toEqual(Array(ended).fill('a'));
    }
  });

  test('gives what others let pass to the pool that took a core and wants more', () => {
    const { pool, started } = pools(4, { a: 1, b: 1, wide: 3 });
    const [a, b, wide] = [pool('a'), pool('b'), pool('wide')];
    wide.offer(1);
    b.offer(1);
    a.offer(3);
    b.offer(1);
    b.waiting = 0;
    wide.end();
    expect(started).toEqual(['wide', 'b', 'a', 'a', 'a']);
  });

  test('forgets a pool that leaves while it waits', () => {
    const { pool, started } = pools(2, { a: 1, wide: 2, c: 1 });
    const [a, wide, c] = [pool('a'), pool('wide'), pool('c')];
    a.offer(1);
    wide.offer(1);
    c.offer(1);
    expect(started).toEqual(['a']);
    wide.leave();
    expect(started).toEqual(['a', 'c']);
  });

  test('lets nobody stand behind pools that let their turn pass', () => {
    const budget = new ComputeBudget(1);
    // Variants of one model: whoever is woken asks for all of them, and starts nothing yet.
    const seats: Seat[] = [];
    const ask = () => seats.map((seat) => budget.available(seat));
    for (let variant = 0; variant < 3; variant++) seats.push(budget.join(1, ask));
    const busy = budget.join(1, () => {});
    budget.take(busy);
    expect(ask()).toEqual([0, 0, 0]);
    budget.give(busy);
    expect(ask()).toEqual([1, 1, 1]);
  });

  test('lets a batch that wants more threads than there are cores run alone', () => {
    const { pool, started } = pools(2, { huge: 8 });
    pool('huge').offer(2);
    expect(started).toEqual(['huge']);
  });
});

describe('a batch that nobody waits for', () => {
  test('leaves a core to whoever comes next, and asking books nothing', () => {
    const budget = new ComputeBudget(2);
    const [one, other] = [budget.join(1, () => {}), budget.join(1, () => {})];
    expect(budget.spare(one)).toBe(true);
    budget.take(one);
    expect(budget.spare(other)).toBe(false);
    expect(budget.contended(one)).toBe(false);
    budget.give(one);
    expect(budget.spare(other)).toBe(true);
  });

  test('that takes every core starts only when none is in use', () => {
    const budget = new ComputeBudget(4);
    const [all, one] = [budget.join(4, () => {}), budget.join(1, () => {})];
    expect(budget.spare(all)).toBe(true);
    budget.take(one);
    expect(budget.spare(all)).toBe(false);
  });

  test('does not start while a pool waits for a core', () => {
    const budget = new ComputeBudget(4);
    const [wide, one] = [budget.join(4, () => {}), budget.join(1, () => {})];
    budget.take(one);
    expect(budget.available(wide)).toBe(0);
    expect(budget.spare(one)).toBe(false);
  });
});
