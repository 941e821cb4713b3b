import { Random } from './random.ts';
import type { SimRequest, TrueVariant } from './workload.ts';

export interface SimBatch {
  /** Index of the variant. */
  readonly variant: number;
  readonly requests: readonly SimRequest[];
  /** What its requests are padded to. */
  readonly length: number;
}

/** Answers a policy gives to "what now?". */
export type Step =
  | { readonly kind: 'run'; readonly batch: SimBatch }
  /** Ask again at this time, or at the next event. */
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'drop'; readonly requests: readonly SimRequest[] }
  | { readonly kind: 'idle' };

export interface Policy {
  /** Whether the request is taken in. */
  arrive(request: SimRequest, now: number): boolean;
  /** Asked until it says idle or wait, while a slot is free and (for drops) when none is. */
  next(now: number, freeSlots: number): Step;
  ended?(batch: SimBatch, latency: number, now: number): void;
}

export interface Node {
  readonly variants: readonly TrueVariant[];
  readonly slots: number;
  /** Spread of a latency around its mean (log-normal sigma). */
  readonly noise: number;
  /** How much longer a batch takes when `busy` slots run. */
  readonly interference?: (busy: number) => number;
  /** How much longer everything takes once this share of the requests has arrived. */
  readonly drift?: (share: number) => number;
  /** Something else on the machine holds up this share of the batches, by so many milliseconds on average (exponential). */
  readonly stalls?: { readonly share: number; readonly mean: number };
}

export type Fate = 'refused' | 'dropped' | 'answered';

/** What happened to one request. */
export interface Outcome {
  fate: Fate;
  /** Index of the variant that answered; -1 for none. */
  variant: number;
  endedAt: number;
  /** How often it was settled. */
  settled: number;
}

export interface Batched {
  readonly variant: number;
  readonly rows: number;
  readonly length: number;
  readonly startedAt: number;
  readonly latency: number;
}

export interface SimResult {
  readonly outcomes: readonly Outcome[];
  readonly batches: readonly Batched[];
}

interface RunningBatch {
  readonly batch: SimBatch;
  readonly endsAt: number;
  readonly latency: number;
}

/** Milliseconds. */
function heldUp({ stalls }: Node, random: Random): number {
  return stalls !== undefined && random.next() < stalls.share ? random.exponential(stalls.mean) : 0;
}

/** Runs one policy over one list of requests. Deterministic: the only randomness is the seeded noise of latencies. */
export function simulate(
  policy: Policy,
  node: Node,
  requests: readonly SimRequest[],
  seed: number,
): SimResult {
  const random = new Random(seed ^ 0x5bd1e995);
  const outcomes = requests.map((): Outcome => ({ fate: 'refused', variant: -1, endedAt: 0, settled: 0 }));
  const batches: Batched[] = [];
  const running: RunningBatch[] = [];
  let wakeAt = Infinity;
  let arrived = 0;
  const settle = (request: SimRequest, fate: Fate, now: number, variant = -1) => {
    const outcome = outcomes[request.id] as Outcome;
    Object.assign(outcome, { fate, variant, endedAt: now, settled: outcome.settled + 1 });
  };
  const start = (batch: SimBatch, now: number) => {
    const variant = node.variants[batch.variant] as TrueVariant;
    const rows = batch.requests.length;
    const noise = node.noise === 0 ? 1 : Math.exp(node.noise * random.normal());
    const interference = node.interference?.(running.length + 1) ?? 1;
    const drift = node.drift?.(arrived / requests.length) ?? 1;
    const latency = variant.latency(rows, batch.length) * noise * interference * drift + heldUp(node, random);
    running.push({ batch, endsAt: now + latency, latency });
    batches.push({ variant: batch.variant, rows, length: batch.length, startedAt: now, latency });
  };
  const pump = (now: number) => {
    wakeAt = Infinity;
    for (;;) {
      const step = policy.next(now, node.slots - running.length);
      if (step.kind === 'run') start(step.batch, now);
      else if (step.kind === 'drop') for (const request of step.requests) settle(request, 'dropped', now);
      else {
        if (step.kind === 'wait') wakeAt = step.until;
        return;
      }
    }
  };
  for (;;) {
    const arrival = requests[arrived];
    const ending = running.reduce<RunningBatch | undefined>(
      (first, each) => (first === undefined || each.endsAt < first.endsAt ? each : first),
      undefined,
    );
    const now = Math.min(arrival?.acceptedAt ?? Infinity, ending?.endsAt ?? Infinity, wakeAt);
    if (now === Infinity) break;
    if (ending !== undefined && ending.endsAt === now) {
      running.splice(running.indexOf(ending), 1);
      for (const request of ending.batch.requests) settle(request, 'answered', now, ending.batch.variant);
      policy.ended?.(ending.batch, ending.latency, now);
    } else if (arrival !== undefined && arrival.acceptedAt === now) {
      arrived += 1;
      if (!policy.arrive(arrival, now)) settle(arrival, 'refused', now);
    }
    pump(now);
  }
  return { outcomes, batches };
}
