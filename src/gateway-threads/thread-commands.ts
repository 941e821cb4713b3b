import type { Gateways } from '../gateway/gateways.ts';

/** What the main thread tells a gateway thread to do. */
export type Command = { readonly kind: 'drain' } | { readonly kind: 'close'; readonly graceMs: number };

export type Reply =
  | { readonly kind: 'listening'; readonly addresses: Gateways['addresses'] }
  | { readonly kind: 'closed' };
