export interface Tried {
  /** Requests per second. */
  readonly rate: number;
  readonly goodput: number;
}

export interface Peak extends Tried {
  readonly tried: readonly Tried[];
}

/** A rate is more than can be done when less than this share of it is answered on time. */
const CARRIED = 0.9;

const MOST_DOUBLINGS = 10;

/** Rates around what was reached, as shares of it. */
const AROUND = [0.9, 1.05, 1.25];

/**
 * The rate with the highest goodput: doubled until it cannot be carried, then tried around what was reached.
 * @param measure goodput at a rate
 */
export async function searchPeak(measure: (rate: number) => Promise<number>, start: number): Promise<Peak> {
  const tried: Tried[] = [];
  const attempt = async (rate: number): Promise<Tried> => {
    const made = { rate, goodput: await measure(rate) };
    tried.push(made);
    return made;
  };
  for (let rate = start, count = 0; count < MOST_DOUBLINGS; rate *= 2, count++) {
    const carries = async (): Promise<boolean> => (await attempt(rate)).goodput >= CARRIED * rate;
    // Once more before it is believed: the machine may have been busy.
    if (!(await carries()) && !(await carries())) break;
  }
  const reached = best(tried).goodput;
  if (reached > 0) for (const share of AROUND) await attempt(share * reached);
  return { ...best(tried), tried };
}

const best = (tried: readonly Tried[]): Tried =>
  tried.reduce((most, each) => (each.goodput > most.goodput ? each : most), { rate: 0, goodput: 0 });
