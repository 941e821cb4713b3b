import type { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import type { Server } from '@grpc/grpc-js';

/** What a ready-made service needs of a server. */
export type ServiceHost = Pick<Server, 'addService'>;

type Handler = (call: EventEmitter, ...rest: unknown[]) => void;

/** A host whose services call `before` at the start of each of their calls. */
export function withHook(host: ServiceHost, before: (call: EventEmitter) => void): ServiceHost {
  return {
    addService(definition, implementation) {
      const hooked = Object.entries(implementation).map(([name, handler]) => {
        const run: Handler = (call, ...rest) => {
          before(call);
          (handler as Handler)(call, ...rest);
        };
        return [name, run];
      });
      host.addService(definition, Object.fromEntries(hooked));
    },
  };
}

/** Ends a call that streams answers when `draining` is aborted: it would hold its connection open without end. */
export function endOnDrain(call: EventEmitter, draining: AbortSignal): void {
  if (!(call instanceof Writable)) return;
  const end = () => call.end();
  draining.addEventListener('abort', end, { once: true });
  call.once('cancelled', () => draining.removeEventListener('abort', end));
  if (draining.aborted) end();
}
