import type { Registry, ServedVariant, ServedVersion } from '../inference/served.ts';
import { describeModel, describeVersion, type Mirror } from './mirror.ts';

/** A gateway thread, as far as it is told what is loaded. */
export interface MirrorReader {
  /** At once: what is told here is held until the thread says otherwise. */
  send(mirror: Mirror): void;
}

export interface MirrorPublisherOptions {
  readonly registry: Registry;
  readonly accepting: () => boolean;
  readonly hasRollout: (model: string) => boolean;
  /** Calls back after so many milliseconds, and not before the turn of the event loop has ended. */
  readonly schedule?: (action: () => void, milliseconds: number) => void;
  readonly now?: () => number;
}

/** A version as it stood when it was published; held open until every thread that was told of it is done with it. */
interface Snapshot {
  readonly served: ServedVersion;
  readonly readers: Set<MirrorReader>;
  readonly release: () => void;
}

/** Time between two tellings, as multiples of what one took. */
const REST = 9;

/**
 * Tells every gateway thread what is loaded, anew when any of it has changed. What it tells of stays open for as long as
 * a thread may run requests on it: threads say when they have let go of a snapshot.
 */
export class MirrorPublisher {
  readonly #options: MirrorPublisherOptions;
  readonly #schedule: NonNullable<MirrorPublisherOptions['schedule']>;
  readonly #now: () => number;
  /** By thread the newest revision that it has said to have. */
  readonly #readers = new Map<MirrorReader, number>();
  readonly #snapshots = new Map<number, Snapshot>();
  /** Of what the newest mirror tells. */
  #numbers = new Map<ServedVersion, number>();
  #revision = 0;
  #lastNumber = 0;
  #due: Promise<void> | undefined;
  #restUntil = 0;
  #waiting: { readonly revision: number; readonly resolve: () => void }[] = [];

  constructor(options: MirrorPublisherOptions) {
    const { schedule = afterTurn, now = () => performance.now() } = options;
    this.#options = options;
    this.#schedule = schedule;
    this.#now = now;
  }

  /** From now on the thread is told; at once for the first time. */
  add(reader: MirrorReader): void {
    this.#readers.set(reader, 0);
    this.#publish();
  }

  /** The thread has ended: nothing is held for it any more. */
  remove(reader: MirrorReader): void {
    this.#readers.delete(reader);
    for (const number of this.#snapshots.keys()) this.dropped(reader, number);
    this.#settle();
  }

  /**
   * To be called when anything of what is told may have changed. All changes of one turn are told once; those of several
   * where telling takes long, so that hundreds of models that open one after the other do not keep the thread busy.
   */
  changed(): void {
    this.#due ??= new Promise((resolve) => {
      const publish = (): void => {
        this.#due = undefined;
        this.#publish();
        resolve();
      };
      this.#schedule(publish, Math.max(0, this.#restUntil - this.#now()));
    });
  }

  /** Settles when every thread has what has changed until now; at once where there is none. */
  async everywhere(): Promise<void> {
    await this.#due;
    const revision = this.#revision;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ revision, resolve });
      this.#settle();
    });
  }

  /** Makes a change, and settles as it does when every thread has what came of it. */
  async after<T>(change: () => T): Promise<Awaited<T>> {
    try {
      return await change();
    } finally {
      this.changed();
      await this.everywhere();
    }
  }

  /** The thread has this revision. */
  mirrored(reader: MirrorReader, revision: number): void {
    this.#readers.set(reader, revision);
    this.#settle();
  }

  /** The thread has a mirror without this snapshot, and runs nothing on it any more. */
  dropped(reader: MirrorReader, number: number): void {
    const snapshot = this.#snapshots.get(number);
    snapshot?.readers.delete(reader);
    if (snapshot === undefined || snapshot.readers.size > 0) return;
    this.#snapshots.delete(number);
    this.#numbers.delete(snapshot.served);
    snapshot.release();
  }

  /** What a snapshot was told of, for as long as a thread has it. */
  target(number: number, variant: string): [served: ServedVersion, variant: ServedVariant] {
    const served = this.#snapshots.get(number)?.served;
    const serving = served?.variants.get(variant);
    if (served !== undefined && serving !== undefined) return [served, serving];
    throw new Error(`no thread has a snapshot ${number} with the variant '${variant}'`);
  }

  #publish(): void {
    if (this.#readers.size === 0) return;
    const begin = this.#now();
    const mirror = this.#mirror();
    for (const reader of this.#readers.keys()) {
      for (const { snapshot } of mirror.snapshots) this.#snapshots.get(snapshot)?.readers.add(reader);
      reader.send(mirror);
    }
    const end = this.#now();
    this.#restUntil = end + REST * (end - begin);
  }

  #mirror(): Mirror {
    const { registry, accepting, hasRollout } = this.#options;
    const index = registry.index();
    const numbers = new Map<ServedVersion, number>();
    const numberOf = (served: ServedVersion): number => {
      const number = numbers.get(served) ?? this.#numbers.get(served) ?? this.#open(served);
      numbers.set(served, number);
      return number;
    };
    const rows = Map.groupBy(index, ({ name }) => name);
    const models = new Map(
      [...rows]
        .filter(([name]) => !name.includes('@'))
        .map(([name, own]) => [name, describeModel(registry, name, own, hasRollout(name), numberOf)]),
    );
    this.#numbers = numbers;
    return {
      revision: ++this.#revision,
      accepting: accepting(),
      ready: registry.ready,
      missing: registry.missing,
      index,
      models,
      snapshots: [...numbers].map(([served, number]) => describeVersion(served, number)),
    };
  }

  #open(served: ServedVersion): number {
    const number = ++this.#lastNumber;
    this.#snapshots.set(number, { served, readers: new Set(), release: served.hold() });
    return number;
  }

  #settle(): void {
    const oldest = Math.min(...this.#readers.values());
    const done = this.#waiting.filter(({ revision }) => revision <= oldest);
    this.#waiting = this.#waiting.filter(({ revision }) => revision > oldest);
    for (const { resolve } of done) resolve();
  }
}

function afterTurn(action: () => void, milliseconds: number): void {
  if (milliseconds > 0) setTimeout(action, milliseconds);
  else setImmediate(action);
}
