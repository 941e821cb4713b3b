import { invalidArgument } from '../errors.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const VERSION = /^[1-9][0-9]{0,14}$/;

/** Names of models and variants; anything else is never looked up, let alone joined to a path. */
export const isName = (text: string): boolean => NAME.test(text);

/** Versions are positive integers without leading zeros. */
export const isVersion = (text: string): boolean => VERSION.test(text);

/** Splits `intent@int8` into model and variant. */
export function parseModelName(text: string): { readonly model: string; readonly variant?: string } {
  const at = text.indexOf('@');
  const model = at < 0 ? text : text.slice(0, at);
  const variant = at < 0 ? undefined : text.slice(at + 1);
  if (!isName(model) || (variant !== undefined && !isName(variant))) {
    throw invalidArgument(`model name must match ${NAME.source}, optionally followed by @variant`);
  }
  return variant === undefined ? { model } : { model, variant };
}
