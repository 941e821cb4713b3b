import { describe, expect, test } from 'vitest';
import { ComputeBudget, type Seat } from '../../../src/workers/compute-budget.ts';

/** A pool that starts whatever it has whenever it may, as a batcher over it would. */
class EagerPool {
  readonly started: string[];
  readonly #budget: ComputeBudget;
  readonly #seat: Seat;
  readonly #name: string;
  waiting = 0;

  constructor(name: string, budget: ComputeBudget, started: string[], threads = 1, version?: string) {
    this.#name = name;
    this.#budget = budget;
    this.started = started;
    this.#seat = budget.join(threads, () => this.pump(), version);
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

function pools(cores: number, threads: Readonly<Record<string, number>>, version?: string) {
  const budget = new ComputeBudget(cores);
  const started: string[] = [];
  const pool = (name: string): EagerPool => new EagerPool(name, budget, started, threads[name], version);
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

/** The variants of one version over one queue: whoever is woken asks for all, and starts on the first that it may use. */
class Version {
  readonly #budget: ComputeBudget;
  readonly #seats: readonly Seat[];
  readonly #started: string[];
  readonly #name: string;
  /** Variants that may be used, the best first. */
  usable: readonly number[];
  /** What the budget said last of each variant. */
  told: readonly number[] = [];
  waiting = 0;

  constructor(name: string, budget: ComputeBudget, started: string[], threads: readonly number[]) {
    this.#name = name;
    this.#budget = budget;
    this.#started = started;
    this.#seats = threads.map((each) => budget.join(each, () => this.pump(), name));
    this.usable = [...threads.keys()];
  }

  offer(batches: number): void {
    this.waiting += batches;
    this.pump();
  }

  end(variant: number): void {
    this.#budget.give(this.#seats[variant] as Seat);
    this.pump();
  }

  pump(): void {
    while (this.waiting > 0) {
      this.told = this.#seats.map((seat) => this.#budget.available(seat));
      const variant = this.usable.find((each) => this.told[each] !== 0);
      if (variant === undefined) return;
      this.waiting--;
      this.#budget.take(this.#seats[variant] as Seat);
      this.#started.push(`${this.#name}${variant}`);
    }
  }
}

function versions(cores: number, threads: Readonly<Record<string, readonly number[]>>) {
  const budget = new ComputeBudget(cores);
  const started: string[] = [];
  const version = (name: string): Version => new Version(name, budget, started, threads[name] ?? []);
  return { started, version };
}

describe('the pools of one version', () => {
  test('may each have the core when its turn has come, while others wait too', () => {
    const { version, started } = versions(2, { m: [1, 1, 1], n: [1] });
    const [m, n] = [version('m'), version('n')];
    n.offer(2);
    m.offer(1);
    n.offer(1);
    expect(m.told).toEqual([0, 0, 0]);
    n.end(0);
    expect(m.told).toEqual([1, 1, 1]);
    expect(started).toEqual(['n0', 'n0', 'm0']);
  });

  test('have one batch a turn between them', () => {
    const { version, started } = versions(1, { m: [1, 1, 1], n: [1] });
    const [m, n] = [version('m'), version('n')];
    n.offer(1);
    m.offer(4);
    n.offer(2);
    for (const running of [n, m, n, m]) running.end(0);
    expect(started).toEqual(['n0', 'm0', 'n0', 'm0', 'n0']);
  });

  test('are woken each for itself where they have queues of their own', () => {
    const { pool, started } = pools(1, { busy: 1, a: 1, b: 1 }, 'm/1');
    const [busy, a, b] = [pool('busy'), pool('a'), pool('b')];
    busy.offer(1);
    a.offer(1);
    b.offer(1);
    busy.end();
    a.end();
    expect(started).toEqual(['busy', 'a', 'b']);
  });

  test('do not starve the one of them that needs more cores', () => {
    const { version, started } = versions(2, { m: [1, 2] });
    const m = version('m');
    m.offer(2);
    m.usable = [1, 0];
    m.offer(8);
    for (let ended = 0; ended < 2; ended++) m.end(0);
    expect(started).toEqual(['m0', 'm0', 'm1']);
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
