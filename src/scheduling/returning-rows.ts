import type { Entry } from './entry.ts';
import { type Lane, LEAST_GAIN } from './lane.ts';
import type { Window } from './window.ts';

/** Milliseconds after the end of a batch in which clients that have their answers send their next requests. */
const WINDOW_MS = 3;

/** The share of the newest batch in what is known of how many come back. */
const NEWEST = 0.1;

/** Rows that will arrive soon, and by when. */
export interface Expected {
  readonly rows: number;
  readonly until: number;
}

/**
 * Clients that wait for an answer before they ask again come back together, a moment after a batch has ended: how many
 * arrive for each row that was answered. Learned, so that arrivals that do not care for answers are not waited for.
 */
export class ReturningRows {
  #share = 0;
  #until = -Infinity;
  #answered = 0;
  #arrived = 0;

  /** A batch of so many rows has been answered. */
  ended(rows: number, now: number): void {
    if (now >= this.#until && this.#answered > 0) {
      this.#share += NEWEST * (this.#arrived / this.#answered - this.#share);
    }
    this.#until = now + WINDOW_MS;
    this.#answered = rows;
    this.#arrived = 0;
  }

  arrived(rows: number, now: number): void {
    if (now < this.#until) this.#arrived += rows;
  }

  /** Undefined when no more are to be expected. */
  expected(now: number): Expected | undefined {
    const rows = Math.round(this.#share * this.#answered) - this.#arrived;
    return rows < 1 || now >= this.#until ? undefined : { rows, until: this.#until };
  }
}

/**
 * Whether a batch is better started when more rows have come: with them, and the time until then, a row takes less of
 * the slot. Never where a member would be late for it, or wants to be quick.
 * @param busy slots that will run, this batch's included
 */
export function isWorthWaiting<E extends Entry>(
  { entries, rows, length, expected }: Window<E>,
  { cost, maxBatchSize, maxTokens }: Lane,
  coming: Expected,
  now: number,
  busy: number,
): boolean {
  const together = Math.min(rows + coming.rows, maxBatchSize, Math.floor(maxTokens / length));
  if (together <= rows) return false;
  const later = cost.predict(together, length, busy);
  const perRow = (coming.until - now + later) / together;
  if (perRow > (expected / rows) * (1 - LEAST_GAIN)) return false;
  const answeredBy = coming.until + later * cost.inflation;
  return entries.every(({ deadline, preference }) => answeredBy <= deadline && preference !== 'latency');
}
