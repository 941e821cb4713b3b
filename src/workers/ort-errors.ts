import { basename } from 'node:path';
import { type Code, InferenceError, messageOf } from '../errors.ts';

const MAX_LENGTH = 400;

/** What ONNX Runtime says when the inputs do not fit the model, before any operator has run. */
const MISFIT =
  /^(Got invalid dimensions|Unexpected input data type|Invalid rank|Missing Input|Invalid input name)/;

/** What operators say of a number in an input that is beyond a table of the model: an id that its vocabulary lacks. */
const OUT_OF_TABLE = /^Gather\w*: .*indices element out of (data )?bounds/i;

/** A run that failed, in words a client may read: the runtime's own, without its source files. */
export function runFailure(error: unknown): InferenceError {
  const text = readable(messageOf(error));
  const message = `the model failed: ${text}`;
  // Nothing tells whether the input is wrong, or this variant has a smaller table than it should.
  if (OUT_OF_TABLE.test(text))
    return new InferenceError('invalid_argument', message, { cause: error, reason: 'failed' });
  const code: Code = MISFIT.test(text) ? 'invalid_argument' : 'internal';
  return new InferenceError(code, message, { cause: error });
}

/** A file that cannot be opened; `failed_precondition`, with the file's name but not its folder. */
export function openFailure(path: string, reason: unknown): InferenceError {
  const text = readable(messageOf(reason)).replaceAll(path, basename(path));
  return new InferenceError('failed_precondition', `cannot load ${basename(path)}: ${text}`, {
    cause: reason,
  });
}

/** One line without the places in ONNX Runtime's source where it arose. */
function readable(message: string): string {
  const oneLine = message
    .replace(/\/onnxruntime_src\/\S+?:\d+ (?:.*?\)(?: const)?(?: \[with [^\]]*\])? )?/g, '')
    .replace(
      /^Non-zero status code returned while running (\S+) node\. Name:'([^']*)' Status Message: /,
      '$1: ',
    )
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
  return oneLine.length > MAX_LENGTH ? `${oneLine.slice(0, MAX_LENGTH)}…` : oneLine;
}
