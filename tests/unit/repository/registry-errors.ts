import { InferenceError } from '../../../src/errors.ts';

/** The error that a promise is expected to reject with. */
export const rejection = (promise: Promise<unknown>): Promise<InferenceError> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as InferenceError,
  );

/** 'ok', or the code of the error that a look-up throws. */
export const codeOf = (look: () => unknown): string => {
  try {
    look();
    return 'ok';
  } catch (error) {
    return error instanceof InferenceError ? error.code : 'other';
  }
};
