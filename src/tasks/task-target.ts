import { InferenceError } from '../errors.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import { parseModelName } from '../inference/names.ts';
import type { Arm, RoutedRequest, Target } from '../inference/rollout.ts';
import { textParameter } from '../inference/scheduling-parameters.ts';
import type { ServedVariant, ServedVersion } from '../inference/served.ts';
import type { Tower } from './task.ts';

/** What answers a task request. */
export interface TaskTarget {
  readonly served: ServedVersion;
  readonly variant: ServedVariant;
  /** The variants that hold the towers of a model in two graphs. */
  readonly towers: Readonly<Partial<Record<Tower, ServedVariant>>>;
  /** The name of the variant as clients have it: without the tower. */
  readonly name: string;
  /** Of the model's rollout, where the request follows one. */
  readonly arm?: Arm;
}

const TOWER = /^(?:text|vision)(?:_|$)/;

/**
 * The variant of a request, and its towers. A model in two graphs has them as the variants `text` and `vision`, and
 * those of `int8` as `text_int8` and `vision_int8`; clients name `int8`. Throws `not_found` or `unavailable`.
 */
export function resolveTarget(dataPlane: DataPlane, request: RoutedRequest): TaskTarget {
  const { served, variant, arm } = resolveCounted(dataPlane, request);
  const followed = arm === undefined ? {} : { arm };
  const kind = variant.variant === 'default' ? '' : variant.variant.replace(TOWER, '');
  const tower = (name: Tower) => served.variants.get(kind === '' ? name : `${name}_${kind}`);
  const [text, vision] = [tower('text'), tower('vision')];
  if (text === undefined || vision === undefined)
    return { served, variant, towers: {}, name: variant.variant, ...followed };
  return { served, variant, towers: { text, vision }, name: kind === '' ? 'default' : kind, ...followed };
}

function resolveCounted(dataPlane: DataPlane, request: RoutedRequest): Target {
  try {
    return resolveVariant(dataPlane, request);
  } catch (error) {
    dataPlane.unresolved(error);
    throw error;
  }
}

function resolveVariant(dataPlane: DataPlane, request: RoutedRequest): Target {
  try {
    return dataPlane.route(request);
  } catch (error) {
    const { model: base, variant = textParameter(request, 'variant') } = parseModelName(request.model);
    if (!(error instanceof InferenceError) || error.code !== 'not_found' || variant === undefined)
      throw error;
    const tower = variant === 'default' ? 'text' : `text_${variant}`;
    const { served } = dataPlane.resolve(base);
    if (!served.variants.has(tower)) throw error;
    return dataPlane.resolve(base, undefined, tower);
  }
}
