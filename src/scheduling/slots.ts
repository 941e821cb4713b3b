import { FreeTimes } from './free-times.ts';
import type { Lane } from './lane.ts';

/** A batch that runs, or that has been handed over to follow one that does. Milliseconds. */
export interface Running {
  readonly lane: Lane;
  readonly expected: number;
  readonly bound: number;
  /** When it starts, as far as can be told. */
  startsAt: number;
  /** Slots that ran when it started, its own included. */
  readonly busy: number;
  /** Handed over before its slot was free, to follow another. */
  readonly ahead: boolean;
  /** More than it took along was waiting when it left. */
  readonly backlog: boolean;
  /** The one that follows it on its slot. */
  follower: Running | undefined;
}

/** The slot that can take a batch before it is free. */
export interface Ending {
  readonly lane: Lane;
  /** When it is expected to be free. */
  readonly at: number;
}

/** The slots of a node: how many batches run, and when the next ones can start. */
export class Slots {
  readonly #count: () => number;
  readonly #planned: (now: number) => number;
  readonly #running: Running[] = [];

  /**
   * @param count batches that may run at once, at least one; where it becomes less, more may run for a moment
   * @param planned those that can be counted on; all of them where left out
   */
  constructor(count: () => number, planned: (now: number) => number = count) {
    this.#count = count;
    this.#planned = planned;
  }

  /** Batches that may start. */
  get free(): number {
    return Math.max(0, this.#count() - this.#running.length);
  }

  get busy(): number {
    return this.#running.length;
  }

  /** Cores that they take. */
  get cores(): number {
    return this.#running.reduce((sum, { lane }) => sum + (lane.cores ?? 1), 0);
  }

  /** Takes a free slot; where there is none, the one of the lane that is free next. */
  start(
    now: number,
    lane: Lane,
    { expected, bound }: Pick<Running, 'expected' | 'bound'>,
    backlog = false,
  ): Running {
    const leader = this.free > 0 ? undefined : this.#next((each) => each.lane === lane);
    const startsAt = leader === undefined ? now : Math.max(now, endOf(leader));
    const busy = this.#running.length + (leader === undefined ? 1 : 0);
    const ahead = leader !== undefined;
    const running = { lane, expected, bound, startsAt, busy, ahead, backlog, follower: undefined };
    if (leader === undefined) this.#running.push(running);
    else leader.follower = running;
    return running;
  }

  end(running: Running, now: number): void {
    const { follower } = running;
    const index = this.#running.indexOf(running);
    if (index >= 0) {
      this.#running.splice(index, 1);
      if (follower === undefined) return;
      follower.startsAt = now;
      this.#running.push(follower);
      return;
    }
    for (const each of this.#running) if (each.follower === running) each.follower = undefined;
  }

  /** The slot that is free next of those that nothing follows yet, where all are taken. */
  ending(): Ending | undefined {
    if (this.free > 0) return undefined;
    const next = this.#next(() => true);
    return next === undefined ? undefined : { lane: next.lane, at: endOf(next) };
  }

  /**
   * When the lane can start one more batch beside the one that it starts now: on any slot where it has another idle
   * instance, else where one of its own runs ends. Infinity for never.
   */
  nextFor(lane: Lane, now: number): number {
    const another = (lane.idle ?? lane.freeSlots) > 1;
    if (another && this.free > 1) return now;
    let next = Infinity;
    for (const each of this.#running)
      if (another || each.lane === lane) next = Math.min(next, boundOf(each, now));
    return next;
  }

  /** A batch that is overdue is expected at any moment. */
  freeTimes(now: number): FreeTimes {
    const times: number[] = [];
    const planned = Math.max(1, Math.round(this.#planned(now)));
    for (let free = planned - this.#running.length; free > 0; free--) times.push(now);
    for (const each of this.#running) times.push(boundOf(each, now));
    return new FreeTimes(times);
  }

  #next(is: (running: Running) => boolean): Running | undefined {
    let next: Running | undefined;
    for (const each of this.#running) {
      if (each.follower !== undefined || !is(each)) continue;
      if (next === undefined || endOf(each) < endOf(next)) next = each;
    }
    return next;
  }
}

/** When its slot is free at the latest. */
const boundOf = ({ startsAt, bound, follower }: Running, now: number): number =>
  Math.max(startsAt + bound, now) + (follower?.expected ?? 0);

const endOf = ({ startsAt, expected }: Running): number => startsAt + expected;
