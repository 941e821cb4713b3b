export interface Tried {
  /** Requests per second. */
  readonly rate: number;
  readonly goodput: number;
}

export interface Peak extends Tried {
  readonly tried: readonly Tried[];
}

/** Rates that are tried first, as shares of where the search begins, and then around the best of them. */
const SHARES = [0.6, 0.8, 1, 1.25, 1.6];
const AROUND = [0.9, 1.12];

/** While the highest rate is the best one, it is raised by this, so many times at most. */
const RAISED = 1.5;
const MOST_RAISED = 6;

/**
 * The rate with the highest goodput.
 * @param measure goodput at a rate
 * @param start requests per second near the peak, as a closed loop has them
 */
export async function searchPeak(measure: (rate: number) => Promise<number>, start: number): Promise<Peak> {
  const tried: Tried[] = [];
  const attempt = async (rate: number): Promise<void> => {
    tried.push({ rate, goodput: await measure(rate) });
  };
  for (const share of SHARES) await attempt(share * start);
  for (let raised = 0; raised < MOST_RAISED; raised++) {
    const highest = Math.max(...tried.map(({ rate }) => rate));
    if (best(tried).rate < highest) break;
    await attempt(RAISED * highest);
  }
  const { rate } = best(tried);
  for (const share of AROUND) await attempt(share * rate);
  return { ...best(tried), tried };
}

const best = (tried: readonly Tried[]): Tried =>
  tried.reduce((most, each) => (each.goodput > most.goodput ? each : most), { rate: 0, goodput: 0 });
