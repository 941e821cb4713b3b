import { InferenceError } from '../errors.ts';
import { DataPlane, type DataPlaneOptions } from '../inference/data-plane.ts';
import type { ServedVariant, ServedVersion } from '../inference/served.ts';
import type { ModelStatistics } from '../inference/statistics.ts';
import type { TaskPlane } from '../inference/task-plane.ts';
import type { InferenceRequest, InferenceResponse } from '../inference/types.ts';
import { validateTexts } from '../inference/validate.ts';
import { isStrings } from '../tensor/tensor.ts';
import type { MainThread } from './main-thread.ts';
import type { MirroredRegistry } from './mirrored-registry.ts';
import type { MirroredVersion } from './mirrored-version.ts';

/** What a gateway thread's server does: it looks things up in the mirror, and has requests run by the main thread. */
export class RemoteDataPlane extends DataPlane {
  readonly #main: MainThread;

  constructor(options: DataPlaneOptions, main: MainThread) {
    super(options);
    this.#main = main;
  }

  /** The main thread finds model, version and variant: it knows the rollouts. */
  override infer(request: InferenceRequest): Promise<InferenceResponse> {
    const error = this.#refusalOfTexts(request);
    return error === undefined ? this.#main.infer(request) : Promise.reject(error);
  }

  /** Why the texts of a request are not for the model. Where it is not known here, the main thread says why. */
  #refusalOfTexts({ model, version, inputs }: InferenceRequest): InferenceError | undefined {
    if (!Array.from(inputs.values()).some(({ data }) => isStrings(data))) return undefined;
    try {
      validateTexts(inputs, this.resolve(model, version).variant);
      return undefined;
    } catch (error) {
      return error instanceof InferenceError && error.code === 'invalid_argument' ? error : undefined;
    }
  }

  override inferOn(
    served: ServedVersion,
    { variant }: ServedVariant,
    request: InferenceRequest,
  ): Promise<InferenceResponse> {
    return this.#main.inferOn((served as MirroredVersion).snapshot, variant, request);
  }

  override statistics(name?: string, version?: string): Promise<ModelStatistics[]> {
    return this.#main.statistics(name, version);
  }
}

/** Tasks happen in the thread, unless the request follows a rollout: the main thread knows which version answers. */
export const remoteTasks = (tasks: TaskPlane, registry: MirroredRegistry, main: MainThread): TaskPlane => ({
  run: (request) => (registry.hasRollout(request.model) ? main.runTask(request) : tasks.run(request)),
});
