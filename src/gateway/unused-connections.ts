import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Knows which connections never sent a request. Node's own `closeIdleConnections`, which ends all others that owe no
 * answer, leaves those alone (browsers and load balancers open them ahead), and a server would wait for them until
 * they time out.
 * @returns ends them all, those that come later too; to be called when the server stops listening
 */
export function trackUnusedConnections(server: Server): () => void {
  const unused = new Set<Socket>();
  let ended = false;
  server.on('connection', (socket) => {
    if (ended) {
      socket.destroy();
      return;
    }
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  return () => {
    ended = true;
    for (const socket of unused) socket.destroy();
  };
}
