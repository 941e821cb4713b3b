import type { RunResult, SlottedRunner, SpareRunner } from '../inference/runner.ts';
import type { Batching } from '../inference/signature.ts';
import type { TensorMap } from '../tensor/tensor.ts';
import { sliceRows } from './merge-split.ts';

/** Workers that know whether they could do something that nobody waits for. */
export interface SparingRunner extends SlottedRunner {
  readonly spare: boolean;
}

/** Where live requests wait. */
export interface LiveQueue {
  readonly queueDepth: number;
}

/** The capacity of the server that live requests leave over: none while any of them waits, for whatever model. */
export class SpareCapacity {
  readonly #queues = new Set<LiveQueue>();

  /** Has a queue counted. Returns the way to stop it. */
  join(queue: LiveQueue): () => void {
    this.#queues.add(queue);
    return () => this.#queues.delete(queue);
  }

  /** The workers of a variant for runs that nobody waits for: past the queue, and only while they are not wanted. */
  lane(runner: SparingRunner, { maxBatchSize }: Batching): SpareRunner {
    const fitting = (inputs: TensorMap): TensorMap => {
      const [first] = inputs.values();
      const rows = first?.shape[0] ?? 1;
      return maxBatchSize > 0 && rows > maxBatchSize ? sliceRows(inputs, 0, maxBatchSize) : inputs;
    };
    return {
      run: (inputs, outputs): Promise<RunResult> | undefined => {
        if (this.#wanted() || !runner.spare) return undefined;
        return runner.run(fitting(inputs), {
          background: true,
          ...(outputs === undefined ? {} : { outputs }),
        });
      },
    };
  }

  #wanted(): boolean {
    for (const { queueDepth } of this.#queues) if (queueDepth > 0) return true;
    return false;
  }
}
