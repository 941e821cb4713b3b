/** The process that sends: one window after the other, as it is told, and says what became of every request. */
import { messageOf } from '../../src/errors.ts';
import { raisePriority } from '../machine/priority.ts';
import { RestConnection } from '../targets/rest-connection.ts';
import type { FromLiveGenerator, ToLiveGenerator } from './messages.ts';
import { RawConnections } from './raw-connections.ts';
import { runWindow } from './run-window.ts';
import { type RawRequest, rawRequests, type Stream } from './stream.ts';

/**
 * Connections to the server at most: more than it needs, and so few that a server that stalls is not drowned in new
 * ones.
 */
const CONNECTIONS = 256;

const SEED = 1;

interface Opened {
  readonly address: string;
  readonly connections: RawConnections;
  /** Requests by what they are made of. */
  readonly made: Map<string, readonly RawRequest[]>;
}

async function requestsOf({ address, made }: Opened, stream: Stream): Promise<readonly RawRequest[]> {
  const key = JSON.stringify(stream);
  let requests = made.get(key);
  if (requests === undefined) {
    const rest = new RestConnection(address);
    requests = rawRequests(stream, await rest.describe(stream.model), address, SEED);
    rest.close();
    made.set(key, requests);
  }
  return requests;
}

const tell = (message: FromLiveGenerator): void => {
  process.send?.(message);
};

let opened: Opened | undefined;

async function handle(message: ToLiveGenerator): Promise<void> {
  try {
    if (message.kind === 'open') {
      const { address } = message;
      const { priority } = raisePriority();
      opened = { address, connections: new RawConnections(address, CONNECTIONS), made: new Map() };
      tell({ kind: 'opened', priority });
      return;
    }
    if (opened === undefined) throw new Error('no window before open');
    const requests = await requestsOf(opened, message.window.stream);
    const samples = await runWindow(opened.connections, requests, message.window, {
      measuring: () => tell({ kind: 'measuring' }),
      measured: () => tell({ kind: 'measured' }),
    });
    tell({ kind: 'result', samples });
  } catch (error) {
    tell({ kind: 'failed', message: messageOf(error) });
  }
}

process.on('message', (message: ToLiveGenerator) => void handle(message));
// Whoever gave the orders is gone: there is nobody left to measure for.
process.on('disconnect', () => process.exit());
