import type { Gateways } from '../gateway/gateways.ts';

/** What the main thread tells a gateway thread to do. */
export type Command = { readonly kind: 'drain' } | { readonly kind: 'close'; readonly graceMs: number };

/** What a gateway thread says once, when it listens. */
export type Listening = Gateways['addresses'];
