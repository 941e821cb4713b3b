import { seriesIn } from '../stages/metrics-page.ts';

export interface PaddingCounters {
  /** Rows of batches times the length they were padded to, and what of it was padding; since the server's start. */
  readonly tokens: number;
  readonly padding: number;
}

/** What the server's metrics tell of the padding of one variant, `model@variant`. */
export async function readPadding(admin: string, name: string): Promise<PaddingCounters> {
  const page = await (await fetch(`${admin}/metrics`)).text();
  return paddingIn(page, name);
}

export function paddingIn(page: string, name: string): PaddingCounters {
  const [model, variant] = name.split('@');
  const series = [...seriesIn(page)].filter(
    ({ labels }) => labels['model'] === model && labels['variant'] === variant,
  );
  const counterOf = (metric: string): number => series.find((each) => each.name === metric)?.value ?? 0;
  return {
    tokens: counterOf('sluice_batch_tokens_total'),
    padding: counterOf('sluice_padding_tokens_total'),
  };
}
