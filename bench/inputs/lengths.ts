import { exponential, normal, uniform } from '../statistics/random.ts';
import { mean } from '../statistics/summary.ts';

/** How long sequences are (the symbolic dimensions after the batch): one length, or drawn. */
export type Lengths =
  | { readonly kind: 'fixed'; readonly length: number }
  | { readonly kind: 'uniform'; readonly least: number; readonly most: number }
  /** The usual form of text lengths; `sigma` is the spread of the logarithm. */
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number; readonly most: number }
  | { readonly kind: 'exponential'; readonly mean: number; readonly most: number }
  /** Any of these, each as likely as the next. */
  | { readonly kind: 'listed'; readonly lengths: readonly number[] };

/** One length, at least 1. */
export function drawLength(lengths: Lengths, random: () => number): number {
  switch (lengths.kind) {
    case 'fixed':
      return lengths.length;
    case 'uniform':
      return lengths.least + Math.floor(random() * (lengths.most - lengths.least + 1));
    case 'lognormal':
      return bounded(lengths.median * Math.exp(lengths.sigma * normal(random)), lengths.most);
    case 'exponential':
      return bounded(lengths.mean * exponential(random), lengths.most);
    case 'listed':
      return lengths.lengths[Math.floor(random() * lengths.lengths.length)] ?? 1;
  }
}

/** Distinct requests that are made beforehand and sent over and over: few of those that are out are the same. */
export const DISTINCT = 256;

/**
 * So many lengths with the mean and the spread of those that are sent with the same seed, short and long ones mixed:
 * the means of as many equal parts of them, sorted. The first of them would have a mean of their own, 10 to 25 % off.
 */
export function typicalLengths(lengths: Lengths, count: number, seed: number): number[] {
  const random = uniform(seed);
  const draws = Array.from({ length: DISTINCT }, () => drawLength(lengths, random)).sort((a, b) => a - b);
  const parts = Array.from({ length: count }, (_, part) =>
    draws.slice((part * DISTINCT) / count, ((part + 1) * DISTINCT) / count),
  );
  const typical = parts.map((part) => Math.max(1, Math.round(mean(part))));
  return typical.map((_, index) => typical[(index * STRIDE) % count] ?? 1);
}

/** Has no factor in common with a power of two, so that every length has its turn once. */
const STRIDE = 7;

const bounded = (length: number, most: number): number => Math.min(most, Math.max(1, Math.round(length)));

const WAYS: Readonly<Record<string, { readonly form: string; read(numbers: readonly number[]): Lengths }>> = {
  fixed: { form: 'fixed:LENGTH', read: ([length = 0]) => ({ kind: 'fixed', length }) },
  uniform: {
    form: 'uniform:LEAST:MOST',
    read: ([least = 0, most = 0]) => ({ kind: 'uniform', least, most }),
  },
  lognormal: {
    form: 'lognormal:MEDIAN:SIGMA:MOST',
    read: ([middle = 0, sigma = 0, most = 0]) => ({ kind: 'lognormal', median: middle, sigma, most }),
  },
  exponential: {
    form: 'exponential:MEAN:MOST',
    read: ([mean = 0, most = 0]) => ({ kind: 'exponential', mean, most }),
  },
};

/** Reads `32`, `fixed:32`, `uniform:8:64`, `lognormal:16:0.6:128` or `exponential:20:128`. Throws for anything else. */
export function parseLengths(text: string): Lengths {
  const [name = '', ...rest] = /^\d+$/.test(text) ? ['fixed', text] : text.split(':');
  const way = Object.hasOwn(WAYS, name) ? WAYS[name] : undefined;
  const numbers = rest.map(Number);
  const wanted = way?.form.split(':').length ?? 0;
  if (way === undefined || rest.length !== wanted - 1 || numbers.some((each) => !(each > 0))) {
    const forms = Object.values(WAYS).map(({ form }) => form);
    throw new Error(`length '${text}' must be a number or one of ${forms.join(', ')}, all above 0`);
  }
  const lengths = way.read(numbers);
  if (lengths.kind === 'uniform' && lengths.most < lengths.least) {
    throw new Error(`length '${text}': the most is less than the least`);
  }
  return lengths;
}
