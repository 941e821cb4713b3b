import type { Random } from './random.ts';

export type Process =
  | { readonly kind: 'poisson' }
  /** Gamma gaps with this coefficient of variation. */
  | { readonly kind: 'gamma'; readonly cv: number }
  /** Two states, the high one `ratio` times as busy, with exponential stays (milliseconds). */
  | { readonly kind: 'bursts'; readonly ratio: number; readonly high: number; readonly low: number };

/** Times of arrival until `horizon`, milliseconds; `rate` is the mean, per millisecond. */
export function* arrivals(
  process: Process,
  rate: number,
  horizon: number,
  random: Random,
): Generator<number> {
  if (process.kind === 'bursts') {
    yield* bursts(process, rate, horizon, random);
    return;
  }
  const gap =
    process.kind === 'poisson'
      ? () => random.exponential(1 / rate)
      : () => random.gamma(1 / process.cv ** 2, process.cv ** 2 / rate);
  for (let now = gap(); now < horizon; now += gap()) yield now;
}

function* bursts(
  { ratio, high, low }: Extract<Process, { kind: 'bursts' }>,
  rate: number,
  horizon: number,
  random: Random,
): Generator<number> {
  const calm = (rate * (high + low)) / (low + ratio * high);
  let busy = false;
  let change = random.exponential(low);
  let now = 0;
  for (;;) {
    const next = now + random.exponential(1 / (busy ? calm * ratio : calm));
    if (next > change) {
      now = change;
      busy = !busy;
      change = now + random.exponential(busy ? high : low);
      if (now > horizon) return;
      continue;
    }
    now = next;
    if (now > horizon) return;
    yield now;
  }
}

export const nameOf = (process: Process): string => {
  if (process.kind === 'poisson') return 'Poisson';
  return process.kind === 'gamma' ? `Gamma CV ${process.cv}` : `bursts 1:${process.ratio}`;
};
