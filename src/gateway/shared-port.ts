import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as Listener, type Socket } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { addressesOf } from './addresses.ts';

/** A port of a gRPC server that other threads listen on too. */
export interface SharedPort {
  readonly port: number;
  /** Takes no more connections. Settles when there are none: grpc-js does not wait for those that it did not accept itself. */
  close(): Promise<void>;
  /** Ends the connections that there are. */
  cut(): void;
}

/** grpc-js knows nothing of shared ports, but takes connections that somebody else accepted. */
export async function openSharedPort(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<SharedPort> {
  const connections = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    connections.injectConnection(socket);
  };
  const listeners: Listener[] = [];
  let bound = port;
  for (const address of await addressesOf(host)) {
    const listener = createServer({ noDelay: true }, accept);
    listeners.push(listener);
    listener.listen({ host: address, port: bound, reusePort: true });
    await once(listener, 'listening');
    ({ port: bound } = listener.address() as AddressInfo);
  }
  return {
    port: bound,
    async close() {
      await Promise.all(listeners.map((each) => new Promise((resolve) => each.close(resolve))));
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
