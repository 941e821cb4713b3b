import type { Logger } from 'pino';
import { invalidArgument, messageOf } from '../errors.ts';
import type { DataPlane } from '../inference/data-plane.ts';
import { SCHEDULING_PARAMETERS } from '../inference/scheduling-parameters.ts';
import type { ServedVariant } from '../inference/served.ts';
import type { TaskPlane, TaskRequest, TaskResponse } from '../inference/task-plane.ts';
import { NO_TIME, type Timings } from '../inference/timings.ts';
import type { InferenceResponse, Parameters, ParameterValue } from '../inference/types.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { prepareTask, taskFor } from './prepared-task.ts';
import type { TaskModel } from './task.ts';
import { resolveTarget, type TaskTarget } from './task-target.ts';

/** Parameters of a task request that speak to the scheduler; they mean what they mean on a tensor request. */
const SCHEDULING: ReadonlySet<string> = new Set(SCHEDULING_PARAMETERS);

export interface TaskPlaneOptions {
  readonly dataPlane: DataPlane;
  readonly logger: Logger;
}

export interface Tasks extends TaskPlane {
  /**
   * Reads what the tasks of a version need, so that its first request does not wait for it: for when a version became
   * READY. Never rejects; an export whose files make no task is told in the log, its tensors are served.
   */
  prepare(model: string, version?: string): Promise<void>;
}

/** Task endpoints over the data plane: the task makes tensors of a body, the data plane runs them, the task answers. */
export function createTaskPlane({ dataPlane, logger }: TaskPlaneOptions): Tasks {
  return {
    async prepare(model, version) {
      try {
        await prepareTask(dataPlane.resolve(model, version).served);
      } catch (error) {
        logger.warn({ model, reason: messageOf(error) }, 'the tasks of the model could not be prepared');
      }
    },
    async run(request) {
      const { body, scheduling } = splitParameters(request.body);
      const pinned = scheduling.get('variant');
      if (pinned !== undefined && typeof pinned !== 'string') {
        throw invalidArgument("'parameters.variant': must be a string");
      }
      const { model, key, client } = request;
      const target = resolveTarget(dataPlane, {
        model,
        parameters: scheduling,
        ...(key === undefined ? {} : { key }),
        ...(client === undefined ? {} : { client }),
      });
      const { served } = target;
      const release = served.hold();
      try {
        const task = await taskFor(served, request.task, body);
        const runs = new TaskRuns(dataPlane, target, request, scheduling);
        return runs.response(await task.run(body, runs.model(target.variant)));
      } finally {
        release();
      }
    },
  };
}

/** The runs of one request. Remembers the slowest, whose timings the answer carries. */
class TaskRuns {
  readonly #dataPlane: DataPlane;
  readonly #target: TaskTarget;
  readonly #request: TaskRequest;
  readonly #parameters: Parameters;
  /** All runs of a request have the time of one. */
  readonly #arrivedAt: number;
  #slowest: InferenceResponse | undefined;

  constructor(dataPlane: DataPlane, target: TaskTarget, request: TaskRequest, parameters: Parameters) {
    this.#dataPlane = dataPlane;
    this.#target = target;
    this.#request = request;
    this.#parameters = parameters;
    this.#arrivedAt = request.arrivedAt ?? performance.now();
  }

  model(variant: ServedVariant): TaskModel {
    const { served, towers } = this.#target;
    return {
      name: served.model,
      signature: variant.signature,
      maxBatchSize: variant.batching.maxBatchSize,
      run: (inputs, outputs) => this.#run(variant, inputs, outputs),
      tower: (name) => {
        const tower = towers[name];
        return tower === undefined ? undefined : this.model(tower);
      },
    };
  }

  async #run(variant: ServedVariant, inputs: TensorMap, outputs: readonly string[]): Promise<TensorMap> {
    const { signal, deadline, client, bodyBytes } = this.#request;
    const { served, towers, arm } = this.#target;
    // Named as the client did, so that another variant may answer where it named none; a tower has no stand-in.
    const pinned = Object.values(towers).includes(variant);
    const request = {
      model: pinned ? `${served.model}@${variant.variant}` : this.#request.model,
      parameters: this.#parameters,
      inputs,
      outputs: outputs.map((name) => ({ name })),
      bodyBytes,
      arrivedAt: this.#arrivedAt,
      ...(signal === undefined ? {} : { signal }),
      ...(deadline === undefined ? {} : { deadline }),
      ...(client === undefined ? {} : { client }),
    };
    const response = await this.#dataPlane.inferOn(served, variant, request, arm);
    if (this.#slowest === undefined || total(response.timings) > total(this.#slowest.timings)) {
      this.#slowest = response;
    }
    return response.outputs;
  }

  response(body: unknown): TaskResponse {
    const { served, name, towers } = this.#target;
    const split = Object.keys(towers).length > 0;
    return {
      body,
      model: served.model,
      version: served.version,
      variant: split ? name : (this.#slowest?.variant ?? name),
      timings: this.#slowest?.timings ?? NO_TIME,
      batchSize: this.#slowest?.batchSize ?? 1,
      ...(this.#slowest?.choice === undefined ? {} : { choice: this.#slowest.choice }),
      ...(this.#slowest?.reuse === undefined ? {} : { reuse: this.#slowest.reuse }),
    };
  }
}

const total = ({ queue, computeInput, computeInfer, computeOutput }: Timings): number =>
  queue + computeInput + computeInfer + computeOutput;

/** Takes the scheduling parameters out of a JSON body; what is left is the task's. Null counts as left out. */
function splitParameters(body: unknown): { body: unknown; scheduling: Parameters } {
  const scheduling = new Map<string, ParameterValue>();
  if (!isRecord(body) || !isRecord(body['parameters'])) return { body, scheduling };
  const own: [string, unknown][] = [];
  for (const [name, value] of Object.entries(body['parameters'])) {
    if (!SCHEDULING.has(name)) own.push([name, value]);
    else if (isParameterValue(value)) scheduling.set(name, value);
    else if (value !== null)
      throw invalidArgument(`'parameters.${name}': must be a string, a number or a boolean`);
  }
  const { parameters: _, ...beside } = body;
  // Not every form has parameters of its own.
  if (own.length === 0) return { body: beside, scheduling };
  return { body: { ...beside, parameters: Object.fromEntries(own) }, scheduling };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

const isParameterValue = (value: unknown): value is ParameterValue =>
  ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
