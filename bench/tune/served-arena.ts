import { servedWindow } from '../bars/paired.ts';
import type { Traffic } from '../inputs/requests.ts';
import { Generator } from '../load/generator-process.ts';
import { Served } from '../server/served.ts';
import { isRest, type Protocol } from '../targets/target.ts';
import type { Arena, WindowTimes } from './arena.ts';
import { type Configuration, idOf, type Settings, settingsFor } from './configuration.ts';
import type { Sample } from './figures.ts';
import { Copies, type TunedModel } from './model-files.ts';

export interface ServedArenaOptions {
  readonly model: TunedModel;
  readonly protocol: Protocol;
  readonly traffic: Omit<Traffic, 'model' | 'weight'>;
  readonly seed: number;
}

/** What the server made of a model without keys. */
export interface Found {
  readonly defaults: Configuration;
  /** Whether requests share batches, and why or why not. */
  readonly batched: boolean;
  readonly batching: string;
}

/** The model under which the defaults are looked up; they are measured as a copy of their own like all others. */
const PROBE = 'defaults';

/**
 * The server as users run it, a process of its own in mode explicit, with a copy of the model for each configuration
 * that is in the race: they are loaded once, and a turn costs no load. What is not asked anything does not compute.
 */
export class ServedArena implements Arena, AsyncDisposable {
  readonly #options: ServedArenaOptions;
  readonly #copies: Copies;
  readonly #server: Served;
  #generator: Generator | undefined;
  /** What the generator is turned to. */
  #turnedTo = '';
  readonly #names = new Map<string, string>();
  #defaults: Configuration | undefined;
  #count = 0;

  private constructor(options: ServedArenaOptions, copies: Copies, server: Served) {
    this.#options = options;
    this.#copies = copies;
    this.#server = server;
  }

  static async start(options: ServedArenaOptions): Promise<ServedArena> {
    const copies = new Copies(options.model);
    try {
      const flags = ['--model-control-mode', 'explicit', '--shutdown-grace', '2000'];
      return new ServedArena(options, copies, await Served.start(copies.path, flags));
    } catch (error) {
      copies[Symbol.dispose]();
      throw error;
    }
  }

  /** Loads the model without any of the tuned keys and asks the server what it made of it. */
  async findDefaults(): Promise<Found> {
    const found = await this.#describe(PROBE, {});
    this.#defaults = found.defaults;
    return found;
  }

  /** The same for the keys that model.json has now. */
  async findConfigured(keys: Settings): Promise<Configuration> {
    return (await this.#describe('configured', keys)).defaults;
  }

  async open(configuration: Configuration): Promise<void> {
    const name = `c${this.#count++}`;
    const defaults = this.#defaults;
    await this.#load(name, defaults === undefined ? configuration : settingsFor(configuration, defaults));
    this.#names.set(idOf(configuration), name);
  }

  async close(configuration: Configuration): Promise<void> {
    const name = this.#names.get(idOf(configuration));
    if (name !== undefined) await this.#unload(name);
    this.#names.delete(idOf(configuration));
  }

  async measure(
    configuration: Configuration,
    concurrency: number,
    { warmUp, duration }: WindowTimes,
  ): Promise<Sample> {
    const name = this.#names.get(idOf(configuration));
    if (name === undefined) throw new Error(`configuration ${idOf(configuration)} is not open`);
    const generator = await this.#turnTo(name);
    const load = { kind: 'closed', concurrency, driver: 'autocannon' } as const;
    const { result, cores } = await servedWindow(generator, load, this.#server.pid, { warmUp, duration });
    return { ...result, others: cores.others, cpu: cores.server * result.seconds };
  }

  now(): number {
    return performance.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#generator?.[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
    this.#copies[Symbol.dispose]();
  }

  async #turnTo(name: string): Promise<Generator> {
    const { protocol, traffic, seed } = this.#options;
    const address = isRest(protocol) ? this.#server.rest : this.#server.grpc;
    const setup = {
      target: { protocol, address },
      traffic: [{ ...traffic, model: name, weight: 1 }],
      seed,
    };
    if (this.#generator === undefined) this.#generator = await Generator.open(setup);
    else if (this.#turnedTo !== name) {
      this.#turnedTo = '';
      await this.#generator.turnTo(setup);
    }
    this.#turnedTo = name;
    return this.#generator;
  }

  async #describe(name: string, keys: Settings): Promise<Found> {
    await this.#load(name, keys);
    const answer = await fetch(`${this.#server.rest}/v2/models/${name}/config`);
    const config = (await answer.json()) as ServerConfig;
    await this.#unload(name);
    return foundIn(config);
  }

  async #load(name: string, keys: Settings): Promise<void> {
    await this.#copies.add(name, keys);
    await this.#post(`${name}/load`);
  }

  async #unload(name: string): Promise<void> {
    await this.#post(`${name}/unload`);
    this.#copies.remove(name);
  }

  async #post(path: string): Promise<void> {
    const answer = await fetch(`${this.#server.rest}/v2/repository/models/${path}`, { method: 'POST' });
    if (answer.ok) return void (await answer.arrayBuffer());
    const { error } = (await answer.json()) as { readonly error?: string };
    throw new Error(error ?? `the server answered HTTP ${answer.status}`);
  }
}

/** The parts of a model's configuration, in Triton's form, that say what the server made of it. */
interface ServerConfig {
  readonly max_batch_size: number;
  readonly instance_group: readonly { readonly count: number }[];
  readonly dynamic_batching?: { readonly max_queue_delay_microseconds?: number };
  readonly parameters: Readonly<Record<string, { readonly string_value: string }>>;
}

function foundIn(config: ServerConfig): Found {
  const [group] = config.instance_group;
  return {
    defaults: {
      instances: group?.count ?? 1,
      intraOpThreads: Number(config.parameters['intra_op_threads']?.string_value ?? 1),
      maxBatchSize: config.max_batch_size,
      maxQueueDelayMicroseconds: config.dynamic_batching?.max_queue_delay_microseconds ?? 0,
    },
    batched: config.max_batch_size > 0,
    batching: config.parameters['batching']?.string_value ?? '',
  };
}
