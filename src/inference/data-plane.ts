import { type Code, fromUnknown, InferenceError, invalidArgument, notFound, unavailable } from '../errors.ts';
import {
  type ModelConfig,
  type ModelMetadata,
  modelConfig,
  modelMetadata,
  type ServerMetadata,
} from './metadata.ts';
import { parseModelName } from './names.ts';
import { respond } from './respond.ts';
import { type Arm, NO_ROLLOUTS, type Rollouts, type RoutedRequest, type Target } from './rollout.ts';
import type { RunResult } from './runner.ts';
import { deadlineOf, priorityOf, textParameter } from './scheduling-parameters.ts';
import type { EarlyRequest, IndexEntry, Registry, ServedVariant, ServedVersion } from './served.ts';
import type { ModelStatistics } from './statistics.ts';
import { termsOf } from './terms.ts';
import { NO_TIME } from './timings.ts';
import type { InferenceRequest, InferenceResponse } from './types.ts';
import { validateInputs, validateOutputs } from './validate.ts';

export interface DataPlaneOptions {
  readonly registry: Registry;
  readonly server: ServerMetadata;
  /** None when left out. */
  readonly rollouts?: Rollouts;
  /** False from the first shutdown signal on: readiness says so, requests are still served. */
  readonly accepting: () => boolean;
  /** Told the code of an inference request whose model, version or variant could not be had. */
  readonly unresolved?: (code: Code) => void;
}

/** What the server does, without a word of HTTP or gRPC: the gateways only translate to and from it. */
export class DataPlane {
  readonly #registry: Registry;
  readonly #rollouts: Rollouts;
  readonly #accepting: () => boolean;
  readonly #onUnresolved: (code: Code) => void;
  readonly serverMetadata: ServerMetadata;

  constructor(options: DataPlaneOptions) {
    const { registry, rollouts = NO_ROLLOUTS, server, accepting, unresolved = () => {} } = options;
    this.#registry = registry;
    this.#rollouts = rollouts;
    this.#accepting = accepting;
    this.#onUnresolved = unresolved;
    this.serverMetadata = server;
  }

  /** Whether requests should be sent here: every required model answers, and no shutdown has begun. */
  get ready(): boolean {
    return this.#accepting() && this.#registry.ready;
  }

  /** Why it is not ready, a line each; empty when it is. */
  get reasons(): readonly string[] {
    if (this.ready) return [];
    if (!this.#accepting()) return ['the server is starting or shutting down'];
    const index = this.#registry.index();
    if (index.length === 0) return ['the model repository holds no model'];
    return this.#registry.missing.flatMap((name) => {
      const rows = index.filter((row) => row.state !== 'READY' && modelOf(row.name) === modelOf(name));
      return rows.length === 0 ? [`model '${name}' is not loaded`] : rows.map(rowText);
    });
  }

  models(): readonly string[] {
    return this.#registry.models();
  }

  /** Whether a model (or one version of it) is READY. `not_found` for a name the repository does not have. */
  modelReady(name: string, version?: string): boolean {
    try {
      this.resolve(name, version);
      return true;
    } catch (error) {
      if (error instanceof InferenceError && error.code === 'unavailable') return false;
      throw error;
    }
  }

  modelMetadata(name: string, version?: string): ModelMetadata {
    const { served, variant } = this.resolve(name, version);
    return modelMetadata(served, variant, this.#registry.versions(served.model));
  }

  modelConfig(name: string, version?: string): ModelConfig {
    const { served, variant } = this.resolve(name, version);
    return modelConfig(served, variant, this.#registry.versions(served.model));
  }

  /** Statistics of one version, of all versions of a model, or of everything that is READY. */
  async statistics(name?: string, version?: string): Promise<ModelStatistics[]> {
    const models = name === undefined ? this.#registry.models() : [parseModelName(name).model];
    return models.flatMap((model) => {
      const versions = version === undefined ? this.#registry.versions(model) : [version];
      return versions.map((each) => {
        const served = this.#registry.version(model, each);
        return { name: served.model, version: served.version, ...served.statistics.snapshot() };
      });
    });
  }

  repositoryIndex(readyOnly = false): readonly IndexEntry[] {
    const index = this.#registry.index();
    return readyOnly ? index.filter(({ state }) => state === 'READY') : index;
  }

  /** `name@variant` loads that variant alone. `config` is JSON used instead of the configuration on disk. */
  async loadModel(name: string, config?: string): Promise<void> {
    const { model, variant } = parseModelName(name);
    await this.#registry.load(model, {
      ...(variant === undefined ? {} : { variant }),
      ...(config === undefined ? {} : { config }),
    });
  }

  /** `name@variant` unloads that variant alone. */
  async unloadModel(name: string): Promise<void> {
    const { model, variant } = parseModelName(name);
    await this.#registry.unload(model, variant);
  }

  /**
   * The version and variant that answer for a name as clients write it (`intent`, `intent@int8`).
   * Throws `not_found` or `unavailable`.
   */
  resolve(
    name: string,
    version?: string,
    pinned?: string,
  ): { served: ServedVersion; variant: ServedVariant } {
    const parsed = parseModelName(name);
    if (pinned !== undefined && parsed.variant !== undefined && pinned !== parsed.variant) {
      throw invalidArgument(
        `parameter 'variant' is '${pinned}' but the model name asks for '${parsed.variant}'`,
      );
    }
    const served = this.#registry.version(parsed.model, version === '' ? undefined : version);
    const wanted = pinned ?? parsed.variant ?? served.defaultVariant;
    const variant = served.variants.get(wanted);
    if (variant === undefined) throw variantMissing(served, wanted);
    return { served, variant };
  }

  /** As `resolve`, for a request: one that names neither version nor variant follows the model's rollout. */
  route(request: RoutedRequest): Target {
    const { model, version = '' } = request;
    const pinned = textParameter(request, 'variant');
    const rollout = version === '' && pinned === undefined ? this.#rollouts.of(model) : undefined;
    return rollout?.route(request, this.#registry) ?? this.resolve(model, version, pinned);
  }

  /** Why a request would be refused whatever its body says; counted here. Throws as `resolve`. */
  refusal(name: string, version: string | undefined, request: EarlyRequest): InferenceError | undefined {
    if (this.#rollouts.of(name) !== undefined) return undefined;
    const { variant } = this.resolve(name, version);
    const error = variant.refusal?.(request, name.includes('@'));
    if (error !== undefined) variant.observer.requestEnded(error.code, 0, NO_TIME, 0);
    return error;
  }

  async infer(request: InferenceRequest): Promise<InferenceResponse> {
    const { served, variant, arm } = this.#resolveRequest(request);
    return this.inferOn(served, variant, request, arm);
  }

  #resolveRequest(request: InferenceRequest): Target {
    try {
      return this.route(request);
    } catch (error) {
      this.unresolved(error);
      throw error;
    }
  }

  /** To be told why no model, version or variant could be had for an inference request, where that was not `infer`'s to find. */
  unresolved(error: unknown): void {
    this.#onUnresolved(fromUnknown(error).code);
  }

  /** Runs a request on a variant that is already chosen: for `infer`, and for tasks that hold their version. */
  async inferOn(
    served: ServedVersion,
    variant: ServedVariant,
    request: InferenceRequest,
    arm?: Arm,
  ): Promise<InferenceResponse> {
    const start = performance.now();
    let rows = 0;
    let deadline: number | undefined;
    try {
      rows = validateInputs(request.inputs, variant);
      const names = validateOutputs(request.outputs, variant.signature);
      deadline = deadlineOf(request, variant, start);
      const priority = priorityOf(request, variant);
      const terms = termsOf(request, served, variant, isPinned(request, served, variant), arm);
      const ran = await variant.runner.run(request.inputs, {
        terms,
        ...(names === undefined ? {} : { outputs: names }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
        ...(deadline === undefined ? {} : { deadline }),
        ...(priority === undefined ? {} : { priority }),
      });
      const result = arm?.canary === true ? asCanary(ran, variant) : ran;
      const answering = served.variants.get(result.choice?.variant ?? variant.variant) ?? variant;
      const response = respond(request, served, answering, result);
      const { timings, reuse } = result;
      const milliseconds = performance.now() - start;
      answering.observer.requestEnded('ok', milliseconds, timings, rows, reuse);
      arm?.answered({ inputs: request.inputs, outputs: names, result, answering, milliseconds });
      return response;
    } catch (thrown) {
      const error = fromUnknown(thrown);
      const milliseconds = performance.now() - start;
      variant.observer.requestEnded(error.code, milliseconds, NO_TIME, rows);
      arm?.failed(error, Math.max(milliseconds, (deadline ?? start) - start));
      throw error;
    }
  }
}

const modelOf = (name: string): string => name.split('@', 1)[0] ?? name;

function rowText({ name, version, state, reason }: IndexEntry): string {
  const what = version === '' ? `model '${name}'` : `model '${name}' version ${version}`;
  return `${what} is ${state}${reason === '' ? '' : `: ${reason}`}`;
}

/** The reason is the canary's whatever chose the variant, or whether anything did. */
const asCanary = (result: RunResult, { variant }: ServedVariant): RunResult => ({
  ...result,
  choice: { variant, ...result.choice, reason: 'canary' },
});

function variantMissing(served: ServedVersion, wanted: string): InferenceError {
  const of = `model '${served.model}' version ${served.version}`;
  const status = served.statuses.get(wanted);
  if (status === undefined) {
    const known = [...served.statuses.keys()].join(', ');
    return notFound(`${of} has no variant '${wanted}', it has ${known}`);
  }
  const reason = status.reason === '' ? '' : `: ${status.reason}`;
  return unavailable(`variant '${wanted}' of ${of} is ${status.state}${reason}`);
}

/** Whether the client named the variant: another one must not answer then. */
const isPinned = (
  { model, parameters }: InferenceRequest,
  served: ServedVersion,
  { variant }: ServedVariant,
): boolean => parameters.has('variant') || model.includes('@') || variant !== served.defaultVariant;
