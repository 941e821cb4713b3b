/** The share of batches in which an answer may be late. */
const GOAL = 0.0005;

/** What one batch with a late answer adds to the margin. */
const STEP = 0.01;

const MOST = 0.25;

/**
 * The part of the time until a deadline that is left free when it is planned for, so that what no prediction covers (a
 * thread that does not get its core, an event loop that stands still) makes nobody late. A quantile followed by
 * stochastic approximation: a late batch raises it by a step, one on time lowers it by as much less as late ones shall
 * be rarer. Where nothing is ever late there is no margin.
 */
export class LatenessMargin {
  #share = 0;

  /** What to plan for, of a request with a deadline. */
  due(deadline: number, now: number): number {
    return deadline - this.#share * Math.max(deadline - now, 0);
  }

  /** A batch has been answered. */
  observe(late: boolean): void {
    const share = this.#share + STEP * ((late ? 1 : 0) - GOAL);
    this.#share = Math.min(Math.max(share, 0), MOST);
  }
}
