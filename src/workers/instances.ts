import type { Described, Reply, RunDone, RunTask, WarmDone, WarmTask } from './messages.ts';
import { type ThreadsOptions, WorkerThreads } from './worker-threads.ts';

export interface InstancesOptions extends ThreadsOptions {
  /** So many are opened at first, the others when they are asked for; all of them when left out. */
  readonly atFirst?: number;
}

/** The instances of a variant: a few at first, so that only what is needed takes memory, and then more. */
export class Instances {
  readonly described: Described;
  readonly #options: InstancesOptions;
  /** Those of each time that some were opened. */
  readonly #opened: WorkerThreads[];
  #count: number;
  #growing: Promise<void> | undefined;
  #closed = false;

  private constructor(first: WorkerThreads, options: InstancesOptions) {
    this.described = first.described;
    this.#options = options;
    this.#opened = [first];
    this.#count = first.count;
  }

  /** Rejects as `WorkerThreads.open`. */
  static async open(options: InstancesOptions): Promise<Instances> {
    const { instances, atFirst = instances } = options;
    const first = await WorkerThreads.open({ ...options, instances: Math.min(atFirst, instances) });
    return new Instances(first, options);
  }

  /** Those that are open. */
  get count(): number {
    return this.#count;
  }

  /** What the newest warm-up ran. */
  get warmed(): WarmTask | undefined {
    return this.#opened[0]?.warmed;
  }

  /** Runs a warm-up in every instance, and in every one that is opened later. */
  async warm(task: WarmTask): Promise<WarmDone[]> {
    return (await Promise.all(this.#opened.map((threads) => threads.warm(task)))).flat();
  }

  /** On an idle instance where there is one. Rejects as `WorkerThreads.run`. */
  run(task: RunTask): Promise<Reply<RunDone>> {
    return this.#leastBusy().run(task);
  }

  /**
   * Opens as many again as there are, up to the number that was asked for, warm like the others and while those go on.
   * Where that fails once it stays with what there is.
   * @param grown called when there are more
   */
  grow(grown: () => void): void {
    if (this.#count >= this.#options.instances || this.#closed || this.#growing !== undefined) return;
    this.#growing = this.#open(Math.min(this.#count, this.#options.instances - this.#count)).then(
      (threads) => {
        this.#growing = undefined;
        this.#opened.push(threads);
        this.#count += threads.count;
        grown();
      },
      (error: unknown) => this.#options.logger?.warn({ err: error }, 'more instances cannot be opened'),
    );
  }

  /** Not to be called before every run has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#growing;
    await Promise.all(this.#opened.map((threads) => threads.close()));
  }

  #open(instances: number): Promise<WorkerThreads> {
    const { stamp } = this.described;
    return WorkerThreads.open({ ...this.#options, instances, stamp }, this.warmed);
  }

  #leastBusy(): WorkerThreads {
    return this.#opened.reduce((least, each) =>
      each.running * least.count < least.running * each.count ? each : least,
    );
  }
}
