/** One time that a variant was opened, which is to say one file, read once: a reload is another opening. */
export interface Opening {
  /** Never given twice. */
  readonly id: number;
  readonly variant: string;
  /** Fraction of right answers, where it was measured. */
  readonly accuracy: number | undefined;
}

/** Openings of the variants of one version; while a variant is replaced it has two. */
export type OpenVariants = readonly Opening[];

/** Which variants of one version are open. A list that was read is never changed. */
export class Openings {
  #open: OpenVariants = [];

  get open(): OpenVariants {
    return this.#open;
  }

  add(opening: Opening): void {
    this.#open = [...this.#open, opening];
  }

  remove(opening: Opening): void {
    this.#open = this.#open.filter((each) => each !== opening);
  }
}

/** The newest opening of the most accurate of the variants named. */
export function bestOf(open: OpenVariants, variants: readonly string[]): Opening | undefined {
  let best: Opening | undefined;
  for (const each of open) {
    if (variants.includes(each.variant) && (each.accuracy ?? 0) >= (best?.accuracy ?? 0)) best = each;
  }
  return best;
}

/** The opening that answered under a variant's name; undefined where two were open, because either can have been it. */
export function openingOf(open: OpenVariants, variant: string): Opening | undefined {
  const [one, other] = open.filter((each) => each.variant === variant);
  return other === undefined ? one : undefined;
}
