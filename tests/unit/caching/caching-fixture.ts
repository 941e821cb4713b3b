import type { InferenceError } from '../../../src/errors.ts';
import type { Runner, RunOptions, RunResult, Terms } from '../../../src/inference/runner.ts';
import type { TensorMap } from '../../../src/tensor/tensor.ts';
import { valuesOf } from '../batching/batcher-fixture.ts';

/** What became of a run. */
export interface Watched {
  readonly promise: Promise<RunResult>;
  /** The values of `y`, or the code of the error. */
  outcome: readonly number[] | string | undefined;
  result: RunResult | undefined;
}

/** Runs, and remembers what comes of it. */
export function watch(runner: Runner, inputs: TensorMap, options?: RunOptions): Watched {
  const watched: Watched = { promise: runner.run(inputs, options), outcome: undefined, result: undefined };
  watched.promise.then(
    (result) => {
      watched.result = result;
      watched.outcome = valuesOf(result.outputs, 'y');
    },
    (error: InferenceError) => {
      watched.outcome = error.code;
    },
  );
  return watched;
}

export const termsFor = (...variants: string[]): Terms => ({
  variants,
  route: variants.length > 1 ? 'free' : 'pinned',
  preference: 'accuracy',
  client: '',
});
