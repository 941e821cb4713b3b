import { type InferenceError, notFound } from '../errors.ts';

export const modelMissing = (model: string): InferenceError => notFound(`model '${model}' is not found`);

/** @param known the versions that there are */
export function versionMissing(model: string, version: string, known: readonly string[]): InferenceError {
  const sorted = known.toSorted((a, b) => Number(a) - Number(b));
  const listed = known.length === 0 ? '' : `, it has ${sorted.join(', ')}`;
  return notFound(`model '${model}' has no version ${version}${listed}`);
}
