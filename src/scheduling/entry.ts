/** How much of the time until its deadline a request gives for accuracy: all, half, or none. */
export type Preference = 'accuracy' | 'balanced' | 'latency';

/**
 * What is asked of the scheduler for one request, or for the piece of a large one. Times in milliseconds on its clock.
 */
export interface Demand {
  readonly rows: number;
  /** Size of the sequence axis before padding; 1 where nothing is padded. */
  readonly length: number;
  readonly acceptedAt: number;
  /** Finite. For a request without one: the server's default, and `patient` is set. */
  readonly deadline: number;
  /** No deadline of its own: it is kept from waiting long in a standing queue instead. */
  readonly patient: boolean;
  /** 1 is first. */
  readonly priority: number;
  /** Who asks; shares are kept per client. */
  readonly client: string;
  /** Bit i: the lane with index i may answer. Not 0. */
  readonly allowed: number;
  /** Why only one lane is allowed, where that was not the accuracy floor. */
  readonly route: 'free' | 'pinned' | 'canary';
  readonly preference: Preference;
  /** Entries of equal keys may run together. */
  readonly key: string;
  /** Memory that it holds until it is settled. */
  readonly bytes: number;
  /** Of the body that it came in, where they are told before the body is read. */
  readonly bodyBytes?: number | undefined;
}

/** A demand that is known by its headers. */
export interface EarlyDemand extends Omit<Demand, 'rows' | 'length'> {
  /** Its body may ask for another deadline. */
  readonly open: boolean;
}

/** A demand in the queue, with its price as it was when it was accepted. */
export interface Entry extends Demand {
  /** Worth of its answer: halves with each priority. */
  weight: number;
  /** Milliseconds of the whole node that it takes in an efficient batch of its cheapest allowed lane. */
  demand: number;
  /** When a full batch of that lane must have started, so that the entry is on time. */
  latest: number;
  /** Work of the whole batch that it is expected to run in: node milliseconds. */
  batch: number;
  /** When it has waited enough for rows that are coming: Infinity before it waits for any. */
  startBy: number;
  /** Chosen for the batch that is being formed. */
  taken: boolean;
  /** Order of arrival; decides between equal deadlines. */
  sequence: number;
  /** Where it waits; undefined before and after. */
  block: Block | undefined;
}

/** A run of consecutive entries of the queue, with what is asked of all of them. */
export interface Block {
  readonly entries: Entry[];
  /** Sum of their demands. */
  demand: number;
  /** The smallest `latest` less the demand before it in this block. */
  slack: number;
  /** The smallest `latest`. */
  latest: number;
  /** How many of its entries are taken. */
  taken: number;
  /** Its place among the blocks. */
  index: number;
}

/** Sums of prices may differ by this share from their products. */
const ROUNDING = 1e-4;

/** The work that is done before an entry's batch can start, when so much is ahead of it: whole batches. */
export const workBefore = (ahead: number, batch: number): number =>
  batch > 0 ? Math.floor(ahead / batch + ROUNDING) * batch : ahead;

export const weightOf = (priority: number): number => 2 ** (1 - priority);

/** Lengths are padded to multiples of 4: it keeps the number of shapes small, and multiples of 8 are a quarter of a short text. */
export const paddedLength = (length: number): number => (length <= 1 ? length : (length + 3) & ~3);
