import { exponential, gamma, uniform } from '../statistics/random.ts';

/** When requests arrive; rates are requests per second. */
export type Arrivals =
  | { readonly kind: 'constant'; readonly rate: number }
  | { readonly kind: 'poisson'; readonly rate: number }
  /** Gaps are gamma distributed with coefficient of variation `cv`: 1 is Poisson, more is burstier. */
  | { readonly kind: 'gamma'; readonly rate: number; readonly cv: number }
  /**
   * Two states that change at random times (a Markov-modulated Poisson process): calm for `calm` seconds on average,
   * then a burst at `factor` times the calm rate for `burst` seconds. `rate` is the mean over both.
   */
  | {
      readonly kind: 'burst';
      readonly rate: number;
      readonly factor: number;
      readonly calm: number;
      readonly burst: number;
    };

/** Times to send at, milliseconds from the start, ascending, all below `duration` milliseconds. */
export function schedule(arrivals: Arrivals, duration: number, seed: number): Float64Array<ArrayBuffer> {
  const times: number[] = [];
  const nextGap = gaps(arrivals, uniform(seed));
  for (let time = nextGap(); time < duration; time += nextGap()) times.push(time);
  return Float64Array.from(times);
}

function gaps(arrivals: Arrivals, random: () => number): () => number {
  const mean = 1000 / arrivals.rate;
  switch (arrivals.kind) {
    case 'constant':
      return () => mean;
    case 'poisson':
      return () => mean * exponential(random);
    case 'gamma':
      return gammaGaps(mean, 1 / arrivals.cv ** 2, random);
    case 'burst':
      return burstGaps(arrivals, random);
  }
}

/**
 * The first gap is what is left, at a time that is nobody's arrival, of one that began before it. A whole one would
 * begin every schedule with an arrival, and those of bursts come together: far more than the rate in a short one.
 */
function gammaGaps(mean: number, shape: number, random: () => number): () => number {
  const scale = mean / shape;
  let first = true;
  return () => {
    if (!first) return scale * gamma(shape, random);
    first = false;
    // Such a time is in a long gap more often, in proportion to its length, and anywhere within it.
    return random() * scale * gamma(shape + 1, random);
  };
}

/** Exponential gaps whose rate changes with the state; a gap that crosses a change goes on at the new rate. */
function burstGaps(
  { rate, factor, calm, burst }: Extract<Arrivals, { kind: 'burst' }>,
  random: () => number,
): () => number {
  const calmRate = (rate * (calm + burst)) / (calm + burst * factor) / 1000;
  let bursting = random() < burst / (calm + burst);
  const stay = (): number => (bursting ? burst : calm) * 1000 * exponential(random);
  let left = stay();
  return () => {
    let needed = exponential(random);
    let gap = 0;
    for (;;) {
      const current = bursting ? calmRate * factor : calmRate;
      if (needed <= left * current) {
        const part = needed / current;
        left -= part;
        return gap + part;
      }
      needed -= left * current;
      gap += left;
      bursting = !bursting;
      left = stay();
    }
  };
}

/** Reads `constant`, `poisson`, `gamma:CV` or `burst:FACTOR:CALM:BURST`. Throws for anything else. */
export function parseArrivals(text: string, rate: number): Arrivals {
  const [name, ...rest] = text.split(':');
  const numbers = rest.map(Number);
  const fits = (count: number): boolean => numbers.length === count && numbers.every((each) => each > 0);
  const [first = 1, second = 1, third = 1] = numbers;
  if (name === 'constant' && fits(0)) return { kind: name, rate };
  if (name === 'poisson' && fits(0)) return { kind: name, rate };
  if (name === 'gamma' && fits(1)) return { kind: name, rate, cv: first };
  if (name === 'burst' && fits(3)) return { kind: name, rate, factor: first, calm: second, burst: third };
  throw new Error(
    `arrivals '${text}' must be constant, poisson, gamma:CV or burst:FACTOR:CALM:BURST (seconds)`,
  );
}
