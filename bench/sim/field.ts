import { type Measures, measure } from './measure.ts';
import { Aimd } from './rivals/aimd.ts';
import { Cork } from './rivals/cork.ts';
import { FixedWindow } from './rivals/fixed-window.ts';
import { periodicSwitch } from './rivals/periodic-switch.ts';
import { SlidingDrop } from './rivals/sliding-drop.ts';
import { MAX_BATCH_SIZE } from './settings.ts';
import { type Node, type Policy, simulate } from './simulate.ts';
import { SluicePolicy, type SluiceSettings } from './sluice-policy.ts';
import { requestsOf, type Workload } from './workload.ts';

/** A policy by name, and every setting of it that is tried: the best of them counts in each case. */
export interface Contender {
  readonly name: string;
  readonly settings: readonly (() => Policy)[];
}

export function sluice(node: Node, settings: Partial<SluiceSettings> = {}): Contender {
  const make = () => new SluicePolicy(node, { maxBatchSize: MAX_BATCH_SIZE, ...settings });
  return { name: 'Sluice', settings: [make] };
}

const SIZES = [8, 16];
const DELAYS = [0, 5, 20];
const BOUNDS = [32, Infinity];
const MEAN_SLACK = 144;

/** The batchers that serve one variant; each is tried with every variant of the node. */
export function batchers(node: Node): Contender[] {
  const each = <T>(make: (variant: number) => T): T[] => node.variants.map((_, variant) => make(variant));
  const window = (variant: number, size: number, delay: number, bound: number) => () =>
    new FixedWindow({ variant, size, delay, bound });
  return [
    {
      name: 'no batching',
      settings: BOUNDS.flatMap((bound) => each((variant) => window(variant, 1, 0, bound))),
    },
    {
      name: 'fixed window',
      settings: SIZES.flatMap((size) =>
        DELAYS.flatMap((delay) =>
          BOUNDS.flatMap((bound) => each((variant) => window(variant, size, delay, bound))),
        ),
      ),
    },
    {
      name: 'CORK',
      settings: each((variant) => () => new Cork(variant, MAX_BATCH_SIZE, ...lawOf(node, variant))),
    },
    { name: 'AIMD', settings: each((variant) => () => new Aimd(variant, MAX_BATCH_SIZE, MEAN_SLACK / 2)) },
    { name: 'early drop', settings: each((variant) => () => new SlidingDrop(node, variant, MAX_BATCH_SIZE)) },
  ];
}

/** Ways to choose among variants, each with our admission and our batches. */
export function choosers(node: Node): Contender[] {
  return [
    { ...sluice(node, { variants: [0] }), name: 'best only' },
    { ...sluice(node, { variants: [node.variants.length - 1] }), name: 'fastest only' },
    { name: 'switch each second', settings: [() => periodicSwitch(node, MAX_BATCH_SIZE)] },
  ];
}

/** Runs a contender over a workload; of several settings, the one that does best by `score`. */
export function run(
  contender: Contender,
  node: Node,
  workload: Workload,
  score: (measures: Measures) => number,
): Measures & { readonly policy: Policy } {
  let best: (Measures & { policy: Policy }) | undefined;
  for (const make of contender.settings) {
    const requests = requestsOf(workload);
    const policy = make();
    const measures = measure(
      node,
      requests,
      simulate(policy, node, requests, workload.seed),
      workload.horizon,
    );
    if (best === undefined || score(measures) > score(best)) best = { ...measures, policy };
  }
  if (best === undefined) throw new RangeError(`${contender.name} has no settings`);
  return best;
}

/** Slope and fixed part of a variant's latency. */
function lawOf({ variants }: Node, variant: number): [slope: number, fixed: number] {
  const latency = variants[variant]?.latency ?? (() => 0);
  const slope = (latency(16, 1) - latency(1, 1)) / 15;
  return [slope, latency(1, 1) - slope];
}
